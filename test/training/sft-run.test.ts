/** Whole supervised runs of a tiny model through the engine's thread, which loads the compiled files: build first. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLocalModel } from '../../src/model/open.js'
import { loadAs } from '../../src/recipe/load-recipe.js'
import { parseAs } from '../../src/recipe/parse-recipe.js'
import { sftFormat } from '../../src/recipe/sft-recipe.js'
import { runSft, type SftOptions } from '../../src/run/train/sft.js'
import type { SftEvalMetrics, SftEvent, SftStepMetrics } from '../../src/train/sft/events.js'
import { writeTinyModel } from './tiny-model.js'

const root = mkdtempSync(join(tmpdir(), 'sft-'))
afterAll(() => rmSync(root, { recursive: true }))
let model: string
let data: string
beforeAll(() => {
  model = writeTinyModel(join(root, 'tiny'))
  data = join(root, 'chats.jsonl')
  const letters = 'abcdefgh'
  // Every reply repeats the letter asked for: something to learn. Lengths differ.
  const rows = Array.from({ length: 24 }, (_, i) => {
    const letter = letters[i % letters.length]
    const content = letter.repeat(2 + (i % 5))
    return {
      messages: [
        { role: 'user', content: `say ${letter} ${i}` },
        { role: 'assistant', content },
      ],
    }
  })
  writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'))
})

type Changes = { [section: string]: unknown } & { data?: object; train?: object; checkpoint?: object }

function recipeOf({ data: source, train, checkpoint, ...rest }: Changes = {}) {
  const value = {
    name: 'tiny',
    model,
    threads: 1,
    data: { path: data, evalShare: 0.25, ...source },
    train: { steps: 6, examplesPerStep: 4, lr: 1e-2, ...train },
    eval: { every: 3 },
    checkpoint: { every: 2, keep: 9, ...checkpoint },
    ...rest,
  }
  return parseAs(value, sftFormat)
}

let count = 0
const fresh = () => join(root, `run-${count++}`)

const lines = <T>(path: string): T[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

/** What a run repeats: all but the clock and the memory. */
const repeatable = (directory: string) =>
  ['metrics.jsonl', 'eval.jsonl'].map((file) =>
    lines<object>(join(directory, file)).map((line) =>
      Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
    ),
  )

const weights = (directory: string, step: number) =>
  readFileSync(join(directory, 'checkpoints', `step-00000${step}`, 'model', 'model.safetensors'))

async function run(changes: Changes = {}, options: SftOptions = {}, runDirectory = fresh()) {
  const events: SftEvent[] = []
  const onEvent = (event: SftEvent) => {
    events.push(event)
    options.onEvent?.(event)
  }
  const summary = await runSft(recipeOf(changes), { runDirectory, ...options, onEvent })
  const metrics = lines<SftStepMetrics>(join(runDirectory, 'metrics.jsonl'))
  const evaluations = lines<SftEvalMetrics>(join(runDirectory, 'eval.jsonl'))
  return { runDirectory, summary, events, metrics, evaluations }
}

describe('a supervised run', () => {
  it('with dtype: auto writes down the type that it measured, and goes on in the type of the run', async () => {
    const typeOf = (directory: string) => loadAs(join(directory, 'config.yaml'), sftFormat).dtype
    const runDirectory = fresh()
    await runSft(recipeOf({ dtype: 'auto', train: { steps: 1 } }), { runDirectory })
    const dtype = typeOf(runDirectory)
    expect(['float32', 'bfloat16']).toContain(dtype)
    const { step } = await runSft(recipeOf({ dtype: 'auto', train: { steps: 2 } }), { runDirectory, resume: true })
    expect(step).toBe(2)
    expect(typeOf(runDirectory)).toBe(dtype)
  })

  it('learns, validates, and leaves models that others can load', async () => {
    const { runDirectory, summary, metrics, evaluations } = await run({
      train: { steps: 12 },
      checkpoint: { every: 6 },
    })
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(evaluations.map(({ step }) => step)).toEqual([0, 3, 6, 9, 12])
    // A tiny model of 64 ids: near log 64 = 4.16 before, clearly below after.
    expect(evaluations[0].eval_loss).toBeGreaterThan(3.5)
    expect(summary.eval_last!.eval_loss).toBeLessThan(evaluations[0].eval_loss - 0.5)
    expect(metrics.at(-1)!.loss!).toBeLessThan(metrics[0].loss! - 0.5)
    for (const line of evaluations) expect(line.perplexity).toBeCloseTo(Math.exp(line.eval_loss), 9)
    for (const line of metrics) {
      expect(line.entropy_nats).toBeGreaterThan(0)
      expect(line.entropy_nats).toBeLessThan(Math.log(64) + 1e-6)
      expect(line.target_tokens).toBeLessThan(line.tokens)
      expect(line.token_accuracy).toBeLessThanOrEqual(1)
    }
    const best = evaluations.slice(1).reduce((a, b) => (b.eval_loss < a.eval_loss ? b : a))
    expect(summary.best).toMatchObject({ step: best.step, metric: 'eval_loss', value: best.eval_loss })
    expect(summary).toMatchObject({ step: 12, steps: 12, interrupted: false })
    const saved = openLocalModel(join(runDirectory, 'checkpoints', 'step-000012', 'model'))
    expect(saved.config.vocabSize).toBe(64)
    saved.tensors.close()
  })

  it('ends after its epochs, the last step with what is left', async () => {
    const { metrics, summary } = await run({
      data: { evalShare: 0 },
      eval: undefined,
      train: { steps: undefined, epochs: 1.5, examplesPerStep: 10 },
    })
    // 24 examples, 36 taken: 10 + 10 + 10 + 6.
    expect(summary.steps).toBe(4)
    expect(metrics.map(({ examples }) => examples)).toEqual([10, 10, 10, 6])
    expect(metrics.at(-1)!.epoch).toBe(1.5)
  }, 60_000)

  it('does not depend on the micro-batch, beyond rounding', async () => {
    const whole = await run({ train: { steps: 2 } })
    const small = await run({ train: { steps: 2, tokenBudget: 20 } })
    whole.metrics.forEach((line, i) => {
      for (const key of ['loss', 'grad_norm', 'entropy_nats', 'pred_dH_kept', 'token_accuracy'] as const) {
        expect({ key, value: small.metrics[i][key] }).toEqual({ key, value: expect.closeTo(line[key]!, 4) })
      }
    })
  })

  it('leaves out or cuts what is too long', async () => {
    // `say a 0aa` and the end token are 10 ids; with replies of up to 6 letters they are 15.
    const dropped = await run({ train: { steps: 6 }, data: { maxTokens: 12 } })
    const sum = (of: (line: SftStepMetrics) => number) => dropped.metrics.reduce((total, line) => total + of(line), 0)
    expect(sum((line) => line.dropped_examples)).toBeGreaterThan(0)
    expect(sum((line) => line.examples + line.dropped_examples)).toBe(24)
    const cut = await run({ train: { steps: 6 }, data: { maxTokens: 12, tooLong: 'truncate' } })
    expect(cut.metrics.some((line) => line.truncated_examples > 0)).toBe(true)
    expect(cut.metrics.every((line) => line.dropped_examples === 0)).toBe(true)
    // Nothing is left of any.
    await expect(run({ data: { maxTokens: 5 } })).rejects.toThrow(/no validation example has anything to learn/)
  })

  it('stops where told to, and goes on to the same bytes', async () => {
    const whole = await run()
    const stop = new AbortController()
    const onEvent = (event: SftEvent) => {
      if (event.type === 'step' && event.metrics.step === 3) stop.abort()
    }
    const cut = await run({}, { onEvent, signal: stop.signal })
    expect(cut.summary).toMatchObject({ step: 3, interrupted: true })
    await run({}, { resume: true }, cut.runDirectory)
    expect(repeatable(cut.runDirectory)).toEqual(repeatable(whole.runDirectory))
    expect(weights(cut.runDirectory, 6).equals(weights(whole.runDirectory, 6))).toBe(true)
    await expect(
      runSft(recipeOf({ train: { lr: 1e-3 } }), { runDirectory: cut.runDirectory, resume: true }),
    ).rejects.toThrow(/train.lr: 0.01 in the run, 0.001 now/)
  })

  it('trains an adapter alone where told to', async () => {
    const { runDirectory, evaluations } = await run({ lora: { rank: 4 }, train: { steps: 6, lr: 3e-2 } })
    expect(evaluations.at(-1)!.eval_loss).toBeLessThan(evaluations[0].eval_loss)
    const saved = readdirSync(join(runDirectory, 'checkpoints', 'step-000006', 'model'))
    expect(saved).toContain('adapter_model.safetensors')
    expect(saved).not.toContain('model.safetensors')
  })

  it('ends in plain words where the weights cannot take it, or goes on without the update', async () => {
    const wild = { train: { steps: 3, lr: 1e30, gradClip: Infinity } }
    const directory = fresh()
    await expect(run({ ...wild, eval: undefined }, {}, directory)).rejects.toThrow(
      /step 2: the \w+ is not finite \(\S*chats.jsonl, row \d+; /,
    )
    expect(readdirSync(join(directory, 'checkpoints'))).toEqual(['step-000001'])
    const skipped = await run({ eval: undefined, train: { ...wild.train, onNonFinite: 'skip' } })
    expect(skipped.summary).toMatchObject({ step: 3, interrupted: false })
    // The update of step 1 is the only one that was made.
    expect(skipped.metrics.map(({ loss }) => loss)).toEqual([expect.any(Number), undefined, undefined])
  })

  it('keeps what it has where a later example cannot be rendered', async () => {
    const strict = writeTinyModel(join(root, 'strict'))
    const path = join(strict, 'tokenizer_config.json')
    const config = JSON.parse(readFileSync(path, 'utf8'))
    const template = "{% for m in messages %}{% if 'say h' in m.content %}{{ raise_exception('no h') }}{% endif %}"
    writeFileSync(path, JSON.stringify({ ...config, chat_template: `${template}{{ m.content }}{% endfor %}` }))
    const directory = fresh()
    const changes = { model: strict, eval: undefined, train: { steps: 20, examplesPerStep: 1 } }
    await expect(run(changes, {}, directory)).rejects.toThrow(/chats.jsonl, row \d+: the chat template .* no h/)
    const done = lines<SftStepMetrics>(join(directory, 'metrics.jsonl')).length
    expect(readdirSync(join(directory, 'checkpoints')).at(-1)).toBe(`step-${String(done).padStart(6, '0')}`)
  })
})

describe('the command', () => {
  const start = (...argv: string[]) =>
    spawn(process.execPath, ['bin/isentrope.js', 'sft', ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  const finished = (child: ChildProcess) =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const text = { out: '', err: '' }
      child.stdout!.on('data', (chunk) => (text.out += chunk))
      child.stderr!.on('data', (chunk) => (text.err += chunk))
      child.on('close', (code) => resolve({ code, ...text }))
    })
  /** Sends the signal once the run has so many steps behind it. */
  async function signalAfter(child: ChildProcess, directory: string, steps: number, signal: NodeJS.Signals) {
    const file = join(directory, 'metrics.jsonl')
    while (child.exitCode === null && child.signalCode === null) {
      if (existsSync(file) && readFileSync(file, 'utf8').split('\n').length > steps) {
        child.kill(signal)
        return
      }
      await sleep(2)
    }
  }
  let recipe: string
  beforeAll(() => {
    recipe = join(root, 'recipe.yaml')
    writeFileSync(
      recipe,
      `model: ${model}\nthreads: 1\ndata: {path: ${data}, evalShare: 0.25}\neval: {every: 10}\n` +
        'train: {steps: 40, examplesPerStep: 2, lr: 1.0e-3}\ncheckpoint: {every: 5, keep: 1}\n',
    )
  })

  it('killed or interrupted ends as if it had never been', async () => {
    const whole = fresh()
    const done = await finished(start(recipe, '--run', whole, '--json'))
    expect(done).toMatchObject({ code: 0 })
    expect(done.out.trimEnd().split('\n').length).toBe(1)
    expect(JSON.parse(done.out)).toMatchObject({ run: whole, step: 40, report: join(whole, 'report.html') })

    const cut = fresh()
    const killed = start(recipe, '--run', cut)
    await signalAfter(killed, cut, 8, 'SIGKILL')
    await finished(killed)
    const interrupted = start('--run', cut, '--resume')
    const ended = finished(interrupted)
    await signalAfter(interrupted, cut, 25, 'SIGINT')
    const said = await ended
    expect(said.code).toBe(130)
    expect(said.err).toContain(`isentrope sft --run ${cut} --resume`)
    expect((await finished(start('--run', cut, '--resume'))).code).toBe(0)
    expect(repeatable(cut)).toEqual(repeatable(whole))
    const last = 'checkpoints/step-000040/model/model.safetensors'
    expect(readFileSync(join(cut, last)).equals(readFileSync(join(whole, last)))).toBe(true)
  }, 120_000)

  it('plans without leaving anything, and refuses what is wrong with exit code 2', async () => {
    const directory = fresh()
    const plan = await finished(start(recipe, '--run', directory, '--dry-run'))
    expect(plan).toMatchObject({ code: 0, err: '' })
    expect(plan.out).toMatch(/data {7}.*chats.jsonl: \d+ examples, \d+ for validation/)
    expect(existsSync(directory)).toBe(false)
    const wrong = await finished(start(recipe, '--set', 'train.learning_rate=1'))
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err).toContain('unknown key')
    expect((await finished(start())).code).toBe(2)
  })
})
