import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import { fakeModelShape, fakeParts } from '../../test/fake-run.js'
import { type TrainWork, trainCommand } from './train.js'

const root = mkdtempSync(join(tmpdir(), 'train-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = () => join(root, `run-${count++}`)
const recipe = join(root, 'tiny.yaml')
writeFileSync(recipe, 'model: nothing\ntask: {name: none}\ntrain: {steps: 4}\ncheckpoint: {every: 2}\n')

function work(misbehave?: (step: number) => void, host = 2 ** 40): TrainWork {
  return {
    describeModel: async () => fakeModelShape,
    freeMemory: async () => ({ host }),
    openParts: (resolved, options) => fakeParts(resolved, [], misbehave)(resolved, options),
  }
}

const train = (argv: string[], misbehave?: (step: number) => void) =>
  runCommand((io) => trainCommand(io, work(misbehave)), ['train', ...argv], fakeIo())

describe('train', () => {
  it('prints plan, steps, chart and summary, and leaves a run with a report', async () => {
    const directory = fresh()
    const { code, out, err } = await train([recipe, '--run', directory, '--set', 'rollout.maxNewTokens=24'])
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toContain('model      nothing: llama, 1.0k parameters, 3 layers, vocabulary 2')
    expect(out.replace(/\s+/g, ' ')).toContain('up to 1,536 tokens, 1 optimizer update')
    expect(out).toContain('4/4')
    expect(out).toContain('steps       4 of 4')
    expect(out).toContain('(means of the first and last 2 steps)')
    // The plan's line, and no other before the first step.
    const beforeFirst = out.slice(0, out.indexOf('1/4'))
    expect(beforeFirst.split(directory).length - 1).toBe(1)
    for (const file of ['config.yaml', 'metrics.jsonl', 'environment.json', 'report.html']) {
      expect(existsSync(join(directory, file))).toBe(true)
    }
  })

  it('keeps stdout to one line of JSON with --json', async () => {
    const directory = fresh()
    const { code, out, err } = await train([recipe, '--run', directory, '--json'])
    expect(code).toBe(0)
    expect(out.trimEnd().split('\n').length).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      run: directory,
      step: 4,
      steps: 4,
      interrupted: false,
      checkpoint: join(directory, 'checkpoints/step-000004'),
      report: join(directory, 'report.html'),
    })
    expect(err).toContain('memory')
  })

  it('stops after the plan on a dry run, leaving nothing', async () => {
    const directory = fresh()
    const { code, out } = await train([recipe, '--run', directory, '--dry-run'])
    expect(code).toBe(0)
    expect(out).toContain('memory     about')
    expect(existsSync(directory)).toBe(false)
    const json = await train([recipe, '--run', directory, '--dry-run', '--json'])
    expect(JSON.parse(json.out).plan).toMatchObject({ steps: 4, tokensPerStep: 64 * 256 })
  })

  it('does not start what does not fit into memory, unless it is told to', async () => {
    const directory = fresh()
    const narrow = (...argv: string[]) =>
      runCommand(
        (io) => trainCommand(io, work(undefined, 2 ** 28)),
        ['train', recipe, '--run', directory, ...argv],
        fakeIo(),
      )
    const refused = await narrow()
    expect(refused.code).toBe(2)
    expect(refused.err).toMatch(
      /error: the run does not fit into memory: it takes about .* on cpu, where 0.250 GiB are free/,
    )
    expect(refused.err).toContain('--set memoryCheck=warn starts it all the same')
    expect(existsSync(directory)).toBe(false)
    const dry = await narrow('--dry-run', '--json')
    expect(dry.code).toBe(0)
    expect(JSON.parse(dry.out).plan.refusal.message).toContain('does not fit')
    const insisted = await narrow('--set', 'memoryCheck=warn')
    expect(insisted.code).toBe(0)
    expect(insisted.out).toContain('warning:   the run does not fit into memory')
  })

  it('stops at a safe point on Ctrl-C, says how to go on, and goes on without the recipe', async () => {
    const directory = fresh()
    const first = await train([recipe, '--run', directory, '--json'], (step) => {
      if (step === 2) process.emit('SIGINT')
    })
    expect(first.code).toBe(130)
    expect(JSON.parse(first.out)).toMatchObject({ step: 2, interrupted: true })
    expect(first.err).toContain('stopping at the next safe point')
    // The run's own recipe: the file does not have what --set changed.
    expect(first.err).toContain(`isentrope train --run ${directory} --resume`)
    const second = await train(['--run', directory, '--resume', '--set', 'train.steps=5'])
    expect(second.code).toBe(0)
    expect(second.out).toContain(`continuing ${directory} after step 2`)
    expect(readFileSync(join(directory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').length).toBe(5)
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })

  it.each([
    ['no recipe', [], 2, 'no recipe'],
    ['a missing recipe', ['none.yaml'], 2, 'none.yaml: no such file'],
    ['a wrong key', [recipe, '--set', 'train.stepz=3'], 2, 'did you mean train.steps?'],
    ['nothing to resume', [recipe, '--run', join(root, 'nowhere'), '--resume'], 2, 'no such run'],
    ['nothing to resume, without a recipe', ['--run', join(root, 'nowhere'), '--resume'], 2, 'no such run'],
    ['an unknown option', [recipe, '--rezume'], 2, 'Did you mean --resume?'],
  ])('fails with a hint: %s', async (_, argv, code, message) => {
    const result = await train(argv)
    expect(result.err).toContain(message)
    expect(result.err).toContain('hint:')
    expect(result.code).toBe(code)
  })

  it('says where to look when the work fails', async () => {
    const fail = () => {
      throw new Error('the engine burst')
    }
    const directory = fresh()
    const quiet = await train([recipe, '--run', directory], fail)
    expect(quiet.code).toBe(1)
    expect(quiet.err).toContain(
      `the run in ${directory} has no checkpoint yet; --run ${directory} --resume starts it again\n`,
    )
    expect(quiet.err).toContain('error: the engine burst')
    expect(quiet.err).toContain('--verbose')
    expect(quiet.err).not.toContain('at fail')
    const loud = await train([recipe, '--run', fresh(), '--verbose'], fail)
    expect(loud.err).toContain('at fail')
  })

  it('says which step is saved, and nothing of it where that is what is damaged', async () => {
    const directory = fresh()
    const stopped = await train([recipe, '--run', directory], (step) => {
      if (step === 4) throw new Error('the engine burst')
    })
    expect(stopped.code).toBe(1)
    expect(stopped.err).toContain(`the run up to step 2 is in ${directory}; --run ${directory} --resume continues it\n`)
    const file = join(directory, 'checkpoints/step-000002/model/weights.json')
    writeFileSync(file, 'torn')
    const damaged = await train([recipe, '--run', directory, '--resume'])
    expect(damaged.code).toBe(2)
    expect(damaged.err).toMatch(
      new RegExp(`^error: the checkpoint of step 2 cannot be loaded: ${file} .*\nhint: it is the only one: .*\n$`),
    )
  })
})
