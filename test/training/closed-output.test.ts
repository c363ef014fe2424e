/** Runs whose reader or terminal goes away, through the engine's thread, which loads the compiled files: build first. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeLetterTask, writeTinyModel } from './tiny-model.js'

const root = mkdtempSync(join(tmpdir(), 'closed-output-'))
afterAll(() => rmSync(root, { recursive: true }))
let model: string
let recipe: string
beforeAll(() => {
  model = writeTinyModel(join(root, 'tiny'))
  recipe = join(root, 'recipe.yaml')
  writeFileSync(
    recipe,
    `model: ${model}\nthreads: 1\ntask: {name: ${writeLetterTask(join(root, 'letters.mjs'))}}\n` +
      'rollout: {promptsPerStep: 2, samplesPerPrompt: 2, maxNewTokens: 4}\n' +
      'train: {steps: 12}\ncheckpoint: {every: 100}\n',
  )
})

const start = (...argv: string[]) =>
  spawn(process.execPath, ['bin/isentrope.js', ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })

async function closed(child: ChildProcess): Promise<{ code: number | null; err: string }> {
  let err = ''
  child.stderr?.on('data', (text) => {
    err += text
  })
  return { code: await new Promise((resolve) => child.on('close', resolve)), err }
}
const steps = (run: string) => {
  const file = join(run, 'metrics.jsonl')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
}

describe('a closed stdout', () => {
  it('does not end training, from before the plan or from a step on', async () => {
    for (const from of [0, 3]) {
      const run = join(root, `from-${from}`)
      const child = start('train', recipe, '--run', run)
      const ended = closed(child)
      while (steps(run) < from) await sleep(2)
      child.stdout.destroy()
      expect(await ended).toEqual({ code: 0, err: '' })
      expect(steps(run)).toBe(12)
      expect(readdirSync(join(run, 'checkpoints'))).toEqual(['step-000012'])
      expect(existsSync(join(run, 'report.html'))).toBe(true)
    }
  })

  it('does not end an evaluation, and ends a command whose output is all it makes', async () => {
    const data = join(root, 'problems.jsonl')
    writeFileSync(data, '{"prompt": "a", "answer": "b"}\n')
    const out = join(root, 'evaluation')
    const options = ['--max-new-tokens', '2', '--threads', '1', '--no-chat']
    const evaluation = start('eval', '-m', model, '-d', data, '--out', out, '--samples', '2', ...options)
    evaluation.stdout.destroy()
    expect((await closed(evaluation)).code).toBe(0)
    expect(existsSync(join(out, 'results.json'))).toBe(true)

    const generation = start('generate', '-m', model, '-p', 'a', '-n', '3', '--max-new-tokens', '2', '--threads', '1')
    generation.stdout.destroy()
    expect(await closed(generation)).toEqual({ code: 0, err: '' })
  })

  it('of messages does not end what writes its lines to stdout', async () => {
    const child = start(
      'generate',
      '-m',
      model,
      '-p',
      'a',
      '--max-new-tokens',
      '2',
      '--threads',
      '1',
      '--dtype',
      'auto',
    )
    child.stderr.destroy()
    let out = ''
    child.stdout.on('data', (text) => {
      out += text
    })
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
    expect(out).not.toBe('')
  })
})

describe.runIf(process.platform !== 'win32')('a terminal that hangs up', () => {
  it('stops a run with a checkpoint of its last step, however often it says so', async () => {
    const run = join(root, 'hangup')
    const child = start('train', recipe, '--run', run)
    const ended = closed(child)
    while (steps(run) < 2) await sleep(2)
    for (let i = 0; i < 3; i++) child.kill('SIGHUP')
    const { code, err } = await ended
    expect(code).toBe(130)
    expect(err).toContain(`isentrope train --run ${run} --resume`)
    const done = steps(run)
    expect(done).toBeLessThan(12)
    expect(readdirSync(join(run, 'checkpoints'))).toEqual([`step-${String(done).padStart(6, '0')}`])
  })
})
