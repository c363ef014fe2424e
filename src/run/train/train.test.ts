import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { fakeParts, fakeRecipe } from '../../../test/fake-run.js'
import { UserError } from '../../base/errors.js'
import type { Recipe } from '../../recipe/schema.js'
import type { TrainEvent } from '../../train/events.js'
import { type Disk, realDisk } from '../store/disk.js'
import type { LoopStart } from '../store/keep-run.js'
import type { OpenParts } from './parts.js'
import { train } from './train.js'

const root = mkdtempSync(join(tmpdir(), 'run-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = () => join(root, `run-${count++}`)

function run(recipe: Recipe, runDirectory: string, more: Parameters<typeof train>[1] = {}) {
  return train(recipe, { runDirectory, openParts: fakeParts(recipe), ...more })
}

/** Every file of a run but those that name a time or a process, as text or size. */
function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = relative(directory, path)
    if (name === 'environment.json' || name.startsWith('tensorboard')) continue
    found[name] = readFileSync(path, 'latin1')
  }
  return found
}

const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

const checkpointsOf = (directory: string) => readdirSync(join(directory, 'checkpoints')).sort()

describe('a run', () => {
  it('writes config, environment, metrics, rollouts and checkpoints, and sums up', async () => {
    const directory = fresh()
    const events: TrainEvent[] = []
    const recipe = fakeRecipe({ log: ['tensorboard'] })
    const summary = await run(recipe, directory, { onEvent: (event) => events.push(event), argv: ['train', 'x'] })

    expect(parse(readFileSync(join(directory, 'config.yaml'), 'utf8'))).toEqual(recipe)
    expect(JSON.parse(readFileSync(join(directory, 'environment.json'), 'utf8'))).toMatchObject({
      engine: 'fake 1',
      threads: 1,
      attention: 'padded (there is nothing to attend to)',
      seed: 0,
      argv: ['train', 'x'],
      node: process.version,
    })
    expect(lines(join(directory, 'metrics.jsonl')).map((line) => line.step)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(readdirSync(join(directory, 'rollouts')).length).toBe(7)
    // The newest two (every 2 steps and the last) are kept; the reward grows, so the newest is the best too.
    expect(checkpointsOf(directory)).toEqual(['step-000006', 'step-000007'])
    expect(readdirSync(join(directory, 'tensorboard')).length).toBe(1)
    expect(events.filter((event) => event.type === 'step').length).toBe(7)
    expect(summary).toMatchObject({
      step: 7,
      steps: 7,
      edge_steps: 3,
      interrupted: false,
      completion_tokens: 70,
      seconds: 7,
    })
    expect(summary.best?.step).toBe(7)
    expect(existsSync(join(directory, '.lock'))).toBe(false)
  })

  it('keeps the best evaluation beside the newest checkpoints', async () => {
    const directory = fresh()
    const recipe = fakeRecipe({ train: { steps: 9 }, eval: { every: 1 }, checkpoint: { every: 4, keep: 1 } })
    const summary = await run(recipe, directory)
    const evaluations = lines(join(directory, 'eval.jsonl'))
    expect(evaluations.map((line) => line.step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const best = evaluations.slice(1).reduce((a, b) => (b.avg_at_k > a.avg_at_k ? b : a))
    expect(summary.best).toMatchObject({ step: best.step, value: best.avg_at_k, metric: 'avg_at_k' })
    expect(new Set(checkpointsOf(directory))).toEqual(new Set([`step-00000${best.step}`, 'step-000009']))
  })

  it('chooses by the mean reward of the evaluation without a verdict', async () => {
    const directory = fresh()
    const recipe = fakeRecipe({ train: { steps: 9 }, eval: { every: 1 }, checkpoint: { every: 4, keep: 1 } })
    const openParts: OpenParts = async (...given) => {
      const parts = await fakeParts(recipe)(...given)
      async function* loop(start: LoopStart) {
        for await (const event of parts.loop(start)) {
          if (event.type !== 'eval') {
            yield event
            continue
          }
          const { avg_at_k, pass_at_k: _, pass_histogram: __, ...metrics } = event.metrics
          yield { ...event, metrics: { ...metrics, reward_mean: avg_at_k } }
        }
      }
      return { ...parts, loop }
    }
    const summary = await run(recipe, directory, { openParts })
    const evaluations = lines(join(directory, 'eval.jsonl'))
    const best = evaluations.slice(1).reduce((a, b) => (b.reward_mean > a.reward_mean ? b : a))
    expect(summary.best).toMatchObject({ step: best.step, value: best.reward_mean, metric: 'reward_mean' })
    expect(new Set(checkpointsOf(directory))).toEqual(new Set([`step-00000${best.step}`, 'step-000009']))
    const asked = { ...recipe, checkpoint: { ...recipe.checkpoint, best: 'pass_at_k' as const } }
    await expect(run(asked, fresh(), { openParts })).rejects.toThrow('checkpoint.best: there is no pass_at_k')
  })

  it('goes on with a run whose evaluations counted summed rewards, and says so', async () => {
    const directory = fresh()
    const recipe = (steps: number) =>
      fakeRecipe({
        train: { steps },
        eval: { every: 2 },
        task: { name: 'none', rewards: [{ name: 'task', weight: 0.5 }] },
      })
    await run(recipe(4), directory)
    const events: TrainEvent[] = []
    await run(recipe(6), directory, { resume: true, onEvent: (event) => events.push(event) })
    expect(events.filter((event) => event.type === 'warning')).toEqual([
      { type: 'warning', step: 4, message: expect.stringContaining('before and after this step are not comparable') },
    ])
  })

  it('refuses a directory that holds something', async () => {
    const directory = fresh()
    await run(fakeRecipe(), directory)
    await expect(run(fakeRecipe(), directory)).rejects.toThrow(/holds a run already/)
    const other = fresh()
    mkdirSync(other)
    writeFileSync(join(other, 'thesis.tex'), '')
    await expect(run(fakeRecipe(), other)).rejects.toThrow(/is not empty/)
    await expect(run(fakeRecipe(), join(other, 'thesis.tex'))).rejects.toThrow(/is a file/)
    await expect(run(fakeRecipe(), fresh(), { resume: true })).rejects.toThrow(/no such run/)
    await expect(run(fakeRecipe(), other, { resume: true })).rejects.toThrow(/no config.yaml/)
  })

  it('refuses a second process, and takes over from one that is gone', async () => {
    const directory = fresh()
    const recipe = fakeRecipe()
    let second: Promise<unknown> | undefined
    const misbehave = () => {
      second ??= run(recipe, directory, { resume: true }).catch((error) => error)
    }
    await run(recipe, directory, { openParts: fakeParts(recipe, [], misbehave) })
    expect(await second).toBeInstanceOf(UserError)
    expect(String(await second)).toContain('is training in it')

    const child = spawnSync(process.execPath, ['--version']).pid
    writeFileSync(join(directory, '.lock'), JSON.stringify({ pid: child, host: hostname() }))
    await expect(run(recipe, directory, { resume: true })).resolves.toMatchObject({ step: 7 })
  })

  it('leaves nothing behind where its model cannot be opened', async () => {
    const directory = fresh()
    const openParts = async () => {
      throw new UserError('no such model')
    }
    await expect(run(fakeRecipe(), directory, { openParts })).rejects.toThrow('no such model')
    expect(existsSync(directory)).toBe(false)
  })

  it('freezes the reference before a checkpoint is loaded', async () => {
    const directory = fresh()
    const recipe = fakeRecipe({ algorithm: { klCoef: 0.1 } })
    const stop = new AbortController()
    await run(recipe, directory, {
      openParts: fakeParts(recipe, [], (s) => s === 4 && stop.abort()),
      signal: stop.signal,
    })
    const calls: string[] = []
    await run(recipe, directory, { openParts: fakeParts(recipe, calls), resume: true })
    expect(calls[0]).toBe('freeze 1')
    expect(calls[1]).toMatch(/^load /)
  })
})

describe('an interrupted run', () => {
  it('saves where it was stopped, and goes on to the same end', async () => {
    const whole = fresh()
    const recipe = fakeRecipe({ eval: { every: 3 } })
    await run(recipe, whole)

    const cut = fresh()
    const stop = new AbortController()
    const misbehave = (step: number) => step === 3 && stop.abort()
    const first = await run(recipe, cut, { openParts: fakeParts(recipe, [], misbehave), signal: stop.signal })
    expect(first).toMatchObject({ step: 3, interrupted: true })
    expect(checkpointsOf(cut)).toContain('step-000003')

    const second = await run(recipe, cut, { resume: true })
    expect(second).toMatchObject({ step: 7, interrupted: false })
    const expected = contents(whole)
    const actual = contents(cut)
    for (const name of ['metrics.jsonl', 'eval.jsonl', 'checkpoints/step-000007/model/weights.json', 'config.yaml']) {
      expect(actual[name]).toBe(expected[name])
    }
    const environment = JSON.parse(readFileSync(join(cut, 'environment.json'), 'utf8'))
    expect(environment).toMatchObject({ step: 3, resumed_from: [{ step: 0 }] })
  })

  it('evaluates first where it was stopped between a step and its evaluation, the last one included', async () => {
    const whole = fresh()
    const recipe = fakeRecipe({ train: { steps: 6 }, eval: { every: 3 }, checkpoint: { every: 10 } })
    await run(recipe, whole)
    for (const last of [3, 6]) {
      const cut = fresh()
      const stop = new AbortController()
      const onEvent = (event: TrainEvent) => event.type === 'step' && event.metrics.step === last && stop.abort()
      await run(recipe, cut, { onEvent, signal: stop.signal })
      expect(lines(join(cut, 'eval.jsonl')).map((line) => line.step)).not.toContain(last)
      await run(recipe, cut, { resume: true })
      for (const name of ['metrics.jsonl', 'eval.jsonl', 'checkpoints/step-000006/state.json']) {
        expect(contents(cut)[name]).toBe(contents(whole)[name])
      }
      expect(checkpointsOf(cut)).toEqual(checkpointsOf(whole))
    }
  })

  it('begins anew where it was killed before its first checkpoint', async () => {
    const directory = fresh()
    const recipe = fakeRecipe()
    const misbehave = (step: number) => {
      if (step === 2) throw new Error('killed')
    }
    await expect(run(recipe, directory, { openParts: fakeParts(recipe, [], misbehave) })).rejects.toThrow('killed')
    const started: number[] = []
    const warnings: string[] = []
    await run(recipe, directory, {
      resume: true,
      onStart: ({ step }) => started.push(step),
      onEvent: (event) => event.type === 'warning' && warnings.push(event.message),
    })
    expect(started).toEqual([0])
    expect(warnings).toEqual(['there is no checkpoint to go on from: the run begins anew'])
    expect(lines(join(directory, 'metrics.jsonl')).map((line) => line.step)).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('saves the last good state where a failure left the policy as it was', async () => {
    const directory = fresh()
    const recipe = fakeRecipe()
    const misbehave = (step: number) => {
      if (step === 4) throw Object.assign(new Error('loss is not finite'), { policyUnchanged: true })
    }
    await expect(run(recipe, directory, { openParts: fakeParts(recipe, [], misbehave) })).rejects.toThrow('finite')
    expect(checkpointsOf(directory)).toContain('step-000003')
  })

  it('is longer on demand, and returns at once where nothing is left to do', async () => {
    const directory = fresh()
    await run(fakeRecipe(), directory)
    const again = await run(fakeRecipe(), directory, { resume: true })
    expect(again).toMatchObject({ step: 7, interrupted: false })
    const longer = fakeRecipe({ train: { steps: 9 } })
    expect(await run(longer, directory, { resume: true })).toMatchObject({ step: 9, steps: 9 })
    expect(parse(readFileSync(join(directory, 'config.yaml'), 'utf8')).train.steps).toBe(9)
    await expect(run(fakeRecipe({ train: { steps: 5 } }), directory, { resume: true })).rejects.toThrow(
      `${directory}: has 9 steps behind it, and 5 are asked for`,
    )
    expect(parse(readFileSync(join(directory, 'config.yaml'), 'utf8')).train.steps).toBe(9)
  })

  it('refuses another recipe, naming its keys', async () => {
    const directory = fresh()
    await run(fakeRecipe(), directory)
    const other = fakeRecipe({ seed: 3, algorithm: { clipHigh: Infinity }, train: { steps: 9 }, eval: { every: 2 } })
    await expect(run(other, directory, { resume: true })).rejects.toThrowErrorMatchingInlineSnapshot(`
      [UserError: a resumed run keeps its recipe, but these keys differ
        seed: 0 in the run, 3 now
        algorithm.clipHigh: 0.2 in the run, .inf now
        eval.samples: absent in the run, 8 now
        eval.problems: absent in the run, 64 now
        eval.seed: absent in the run, 0 now]
    `)
  })

  it('warns where a resumed run cannot be the same bit for bit', async () => {
    const directory = fresh()
    await run(fakeRecipe(), directory)
    const file = join(directory, 'environment.json')
    // Of an earlier version, which wrote no attention down.
    const { attention: _attention, ...environment } = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...environment, threads: 64 }))
    const events: TrainEvent[] = []
    await run(fakeRecipe({ train: { steps: 8 } }), directory, { resume: true, onEvent: (event) => events.push(event) })
    expect(events.filter((event) => event.type === 'warning')).toEqual([
      { type: 'warning', step: 7, message: expect.stringContaining('threads was 64') },
    ])
  })
})

/** What a process that is killed at a verb leaves behind: nothing of it, or half of it. */
function dyingDisk(fatal: number, torn: boolean): Disk & { verbs: number } {
  const disk = { verbs: 0 } as Disk & { verbs: number }
  const dying =
    <A extends unknown[]>(verb: (...args: A) => void, half: (...args: A) => void) =>
    (...args: A) => {
      if (++disk.verbs < fatal) return verb(...args)
      if (disk.verbs === fatal && torn) half(...args)
      throw new Error('killed')
    }
  const nothing = () => {}
  return Object.assign(disk, {
    makeDirectory: dying(realDisk.makeDirectory, nothing),
    write: dying(realDisk.write, (path, data) => realDisk.write(path, data.slice(0, data.length / 2))),
    append: dying(realDisk.append, (path, data) => realDisk.append(path, data.slice(0, data.length / 2))),
    syncTree: dying(realDisk.syncTree, nothing),
    rename: dying(realDisk.rename, nothing),
    remove: dying(realDisk.remove, (path) => {
      if (!existsSync(path) || !statSync(path).isDirectory()) return
      const [first] = readdirSync(path)
      if (first !== undefined) rmSync(join(path, first), { recursive: true })
    }),
  })
}

describe('a run killed between any two writes', () => {
  const recipe = fakeRecipe({ train: { steps: 5 }, eval: { every: 2 }, checkpoint: { every: 2, keep: 1 } })

  it.each([
    ['nothing of the last one on disk', false],
    ['half of the last one on disk', true],
  ])('resumes to the same files: %s', async (_, torn) => {
    const whole = fresh()
    const counting = dyingDisk(Infinity, false)
    await run(recipe, whole, { disk: counting })
    const expected = contents(whole)
    expect(counting.verbs).toBeGreaterThan(40)
    for (let fatal = 1; fatal <= counting.verbs; fatal++) {
      const directory = fresh()
      await expect(run(recipe, directory, { disk: dyingDisk(fatal, torn) })).rejects.toThrow('killed')
      const begun = existsSync(join(directory, 'config.yaml'))
      await run(recipe, directory, { resume: begun })
      expect({ fatal, files: contents(directory) }).toEqual({ fatal, files: expected })
      rmSync(directory, { recursive: true })
    }
  })

  it('resumes a resumption that was killed as well', async () => {
    const whole = fresh()
    await run(recipe, whole)
    const expected = contents(whole)
    for (let fatal = 1; fatal <= 25; fatal++) {
      const directory = fresh()
      await expect(run(recipe, directory, { disk: dyingDisk(36, true) })).rejects.toThrow('killed')
      await run(recipe, directory, { resume: true, disk: dyingDisk(fatal, true) }).catch(() => {})
      await run(recipe, directory, { resume: true })
      expect({ fatal, files: contents(directory) }).toEqual({ fatal, files: expected })
      rmSync(directory, { recursive: true })
    }
  })
})

describe('a damaged run', () => {
  const recipe = fakeRecipe()

  it('falls back to the checkpoint before one that cannot be read', async () => {
    const directory = fresh()
    await run(recipe, directory)
    writeFileSync(join(directory, 'checkpoints/step-000007/state.json'), '{"format":1,"st')
    const starts: number[] = []
    const warnings: string[] = []
    await run(recipe, directory, {
      resume: true,
      onStart: ({ step }) => starts.push(step),
      onEvent: (event) => event.type === 'warning' && warnings.push(event.message),
    })
    expect(starts).toEqual([6])
    expect(warnings).toEqual([
      `${join(directory, 'checkpoints/step-000007')} is damaged and left out: the run goes on after step 6`,
    ])
    expect(checkpointsOf(directory)).toEqual(['step-000006', 'step-000007'])
  })

  it('with no checkpoint that can be read is not begun anew unasked', async () => {
    const directory = fresh()
    await run(recipe, directory)
    // A state of another step counts as none.
    writeFileSync(join(directory, 'checkpoints/step-000006/state.json'), '{')
    writeFileSync(
      join(directory, 'checkpoints/step-000007/state.json'),
      '{"format":1,"step":7,"best":{"metric":"reward_mean"},"loop":{}}',
    )
    const before = contents(directory)
    const error = await run(recipe, directory, { resume: true }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toBe(
      `${join(directory, 'checkpoints/step-000006')}: damaged: no state.json and model/ of that step`,
    )
    expect((error as UserError).hint).toMatch(/no checkpoint of the run can be read: start another by --run/)
    expect(contents(directory)).toEqual(before)
  })

  it('names the file that does not load, and goes on from the checkpoint before where that one is removed', async () => {
    const directory = fresh()
    await run(recipe, directory)
    const [older, newest] = ['step-000006', 'step-000007'].map((name) => join(directory, 'checkpoints', name))
    const longer = fakeRecipe({ train: { steps: 8 } })
    writeFileSync(join(newest, 'model/weights.json'), 'torn')
    const error = await run(longer, directory, { resume: true }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toBe(
      `the checkpoint of step 7 cannot be loaded: ${join(newest, 'model/weights.json')} is not a number`,
    )
    expect((error as UserError).hint).toBe(
      `restore the file, or remove ${newest} and resume again: the run then goes on from ${older}`,
    )
    rmSync(newest, { recursive: true })
    await expect(run(longer, directory, { resume: true })).resolves.toMatchObject({ step: 8 })
    const whole = fresh()
    await run(longer, whole)
    expect(lines(join(directory, 'metrics.jsonl'))).toEqual(lines(join(whole, 'metrics.jsonl')))
  })

  it('whose only checkpoint does not load says that there is no other', async () => {
    const directory = fresh()
    const single = { checkpoint: { every: 7, keep: 1 } }
    await run(fakeRecipe(single), directory)
    writeFileSync(join(directory, 'checkpoints/step-000007/model/weights.json'), 'torn')
    const longer = fakeRecipe({ ...single, train: { steps: 8 } })
    await expect(run(longer, directory, { resume: true })).rejects.toMatchObject({
      hint: expect.stringMatching(/^it is the only one: /),
    })
  })

  it('names the line of metrics.jsonl that is broken', async () => {
    const directory = fresh()
    await run(recipe, directory)
    const file = join(directory, 'metrics.jsonl')
    writeFileSync(file, readFileSync(file, 'utf8').replace('{"step":2', '{"st'))
    await expect(run(recipe, directory, { resume: true })).rejects.toThrow(`${file}:2: not a JSON object`)
  })

  it('stops with a hint on a full disk, and goes on once there is space', async () => {
    const directory = fresh()
    const full: Disk = {
      ...realDisk,
      append: (path, data) => {
        if (path.endsWith('metrics.jsonl') && existsSync(path) && lines(path).length === 4) {
          realDisk.append(path, data.slice(0, 5))
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        }
        realDisk.append(path, data)
      },
    }
    await expect(run(recipe, directory, { disk: full })).rejects.toThrow('ENOSPC')
    await expect(run(recipe, directory, { resume: true })).resolves.toMatchObject({ step: 7 })
    expect(lines(join(directory, 'metrics.jsonl')).length).toBe(7)
  })
})
