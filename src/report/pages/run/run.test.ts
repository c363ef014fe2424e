import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeCompletion, fakeStepMetrics } from '../../../../test/fake-run.js'
import { hasClass, type PageElement, parsePage } from '../../../../test/html.js'
import { rolloutParquet } from '../../../run/store/rollout-file.js'
import type { EvalMetrics, StepMetrics } from '../../../train/events.js'
import { visible } from '../../html/markup.js'
import { writeRunReport } from './run.js'

const nasty = '</script><img src=x onerror=alert(1)> \u202egnp.exe שלום \0 \ud800 <!-- & "\'\n'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'isentrope-report-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const jsonLines = (lines: object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')

function writeRun(steps: number, changes: (step: number) => Partial<StepMetrics> & object = () => ({})): void {
  const lines = Array.from({ length: steps }, (_, i) => fakeStepMetrics(i + 1, changes(i + 1)))
  writeFileSync(join(directory, 'metrics.jsonl'), jsonLines(lines))
}

function writeEvals(...steps: number[]): void {
  const evals = steps.map(
    (step): EvalMetrics => ({
      step,
      samples: 2,
      problems: 10,
      avg_at_k: 0.25,
      pass_at_k: 0.5,
      entropy_nats: 1,
      pass_histogram: [0.5, 0.3, 0.2],
      completion_length_mean: 3,
    }),
  )
  writeFileSync(join(directory, 'eval.jsonl'), jsonLines(evals))
}

function writeRollouts(text: string): void {
  mkdirSync(join(directory, 'rollouts'))
  const rows = [0, 1].map((reward) => ({
    ...fakeCompletion([0.5, -0.25, 0], reward),
    promptText: text,
    completionText: text,
    example: { id: 'p', prompt: text, answer: text },
  }))
  writeFileSync(join(directory, 'rollouts', 'step-000003.parquet'), rolloutParquet(rows, 3))
}

async function report(decodeToken?: (id: number) => string) {
  const path = await writeRunReport(directory, { decodeToken })
  const text = readFileSync(path, 'utf8')
  return { path, text, ...parsePage(text) }
}

const chartIds = (elements: PageElement[]) =>
  elements.filter(({ name }) => name === 'figure').map(({ attributes }) => attributes.id)

describe('a run that learns nothing', () => {
  it('says so at the head of its page, and one that learns again does not', async () => {
    const equal = (step: number) => ({ reward_mean: step % 2, zero_signal_fraction: 1 })
    writeFileSync(join(directory, 'config.yaml'), 'rollout: { promptsPerStep: 8 }\ntrain: { steps: 40 }\n')
    writeRun(25, equal)
    const { text } = await report()
    expect(text).toContain('8 of 8 groups had equal rewards for 25 steps')
    expect(text).toContain('docs/faq.md')
    writeRun(26, (step) => (step === 26 ? {} : equal(step)))
    expect((await report()).text).not.toContain('equal rewards for')
  })
})

describe('writeRunReport', () => {
  it('writes report.html aside and renames it', async () => {
    writeRun(3)
    const { path } = await report()
    expect(path).toBe(join(directory, 'report.html'))
    expect(readdirSync(directory).sort()).toEqual(['metrics.jsonl', 'report.html'])
  })

  it('draws what holds the entropy target only where there is one', async () => {
    writeRun(3)
    const without = await report()
    expect(chartIds(without.elements).filter((id) => /setpoint|target/.test(id ?? ''))).toEqual([])
    writeRun(3, (step) => ({ setpoint_wanted_dH: 0.1 * step, pred_dH_kept: 0.05 * step, entropy_target: 0.4 }))
    const held = await report()
    expect(chartIds(held.elements)).toEqual(expect.arrayContaining(['entropy-target', 'setpoint-wanted']))
  })

  it('is a valid page that needs nothing else', async () => {
    writeRun(3)
    writeEvals(0, 3)
    writeRollouts(nasty)
    const { elements, errors, text } = await report((id) => ['a', nasty, '</p>'][id])
    expect(errors).toEqual([])
    for (const { name, attributes } of elements) {
      expect(['link', 'img', 'iframe', 'object', 'embed', 'base']).not.toContain(name)
      for (const key of ['src', 'srcset', 'style', 'action', 'data', 'xlink:href'])
        expect(attributes[key]).toBeUndefined()
      expect(Object.keys(attributes).filter((key) => key.startsWith('on'))).toEqual([])
      if (attributes.href !== undefined) expect(attributes.href).toMatch(/^#/)
    }
    expect(text).not.toMatch(/url\((?!#)|@import/)
  })

  it('allows exactly its own style and scripts to run', async () => {
    writeRun(3)
    const { elements } = await report()
    const policy = elements.find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy')!
    const hash = ({ text }: PageElement) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    const scripts = elements.filter(({ name, attributes }) => name === 'script' && attributes.type === undefined)
    const styles = elements.filter(({ name }) => name === 'style')
    expect(policy.attributes.content.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${styles.map(hash).join(' ')}`,
      `script-src ${scripts.map(hash).join(' ')}`,
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(scripts).toHaveLength(2)
  })

  it('has ids that are there once, and links that lead somewhere', async () => {
    writeRun(3, (step): object => ({ 'odd key': step, 'odd-key': step, odd_key: step }))
    writeEvals(3)
    const { elements } = await report()
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? [])
    expect(ids).toEqual([...new Set(ids)])
    for (const { attributes } of elements) if (attributes.href) expect(ids).toContain(attributes.href.slice(1))
  })

  it('draws what is there and nothing that is not', async () => {
    writeRun(4)
    const bare = chartIds((await report()).elements)
    expect(bare).toEqual(['reward', 'entropy'])
    writeRun(4, (step) => ({
      grad_norm: step,
      cov_A_Sc: step,
      pred_dH_kept: -step,
      masked_low_fraction: step / 100,
      kl_nats: Number.NaN,
      own_measure: step,
    }))
    writeEvals(0, 4)
    const rich = chartIds((await report()).elements)
    for (const id of ['covariance', 'predicted', 'masked', 'predicted-measured', 'grad-norm', 'avg', 'pass-rates']) {
      expect(rich).toContain(id)
    }
    expect(rich).toContain('metric-own_measure')
    for (const id of ['kl', 'ppo-clip', 'ratio', 'masked-total', 'loss']) expect(rich).not.toContain(id)
  })

  it('draws masked tokens once: by the sides of a clip, and as a whole where these are not all', async () => {
    const masked = async (own: (step: number) => Partial<StepMetrics>) => {
      writeRun(3, own)
      const { elements } = await report()
      expect(chartIds(elements).filter((id) => id.includes('masked'))).toEqual(['masked'])
      const figure = elements.find(({ attributes }) => attributes.id === 'masked')!
      const { series } = JSON.parse(figure.children.find(({ name }) => name === 'script')!.text)
      return series.map(({ name }: { name: string }) => name)
    }
    const sides = (step: number) => ({ masked_low_fraction: step / 100, masked_high_fraction: step / 50 })
    expect(await masked((step) => ({ ...sides(step), masked_fraction: step / 100 + step / 50 }))).toEqual([
      'below',
      'above',
    ])
    expect(await masked((step) => ({ ...sides(step), masked_fraction: step / 10 }))).toEqual(['below', 'above', 'all'])
    expect(await masked((step) => ({ masked_fraction: step / 10 }))).toEqual(['all'])
  })

  it('lists what never changes instead of drawing it', async () => {
    writeRun(4, () => ({ ppo_clip_fraction: 0 }))
    const { elements } = await report()
    expect(chartIds(elements)).not.toContain('ppo-clip')
    const row = elements.find(({ name, text }) => name === 'tr' && text.startsWith('PPO clip'))
    expect(row?.text).toBe('PPO clip, share of policy tokens0')
  })

  it('carries the numbers of a curve, gaps included', async () => {
    writeRun(3, (step) => ({ grad_norm: step === 2 ? Number.NaN : step }))
    const { elements } = await report()
    const figure = elements.find(({ attributes }) => attributes.id === 'grad-norm')!
    const script = figure.children.find(({ name }) => name === 'script')!
    expect(JSON.parse(script.text)).toMatchObject({
      xRange: [1, 3],
      log: false,
      series: [{ name: 'gradient norm', x: [1, 2, 3], y: [1, null, 3] }],
    })
    const plot = figure.children.find((child) => hasClass(child, 'plot'))!
    expect(plot.attributes['aria-label']).toBe(
      'Line chart of Gradient norm. gradient norm: 1 at step 1 to 3 at step 3, lowest 1 at step 1, highest 3 at step 3.',
    )
  })

  it('shows completions token by token, whatever they hold', async () => {
    writeRun(3)
    writeRollouts(nasty)
    const { elements } = await report((id) => ['one', nasty, ''][id])
    const strips = elements.filter((element) => element.name === 'article')
    expect(strips).toHaveLength(2)
    const [tokens] = strips[0].children.filter((child) => hasClass(child, 'tokens'))
    expect(tokens.children.map(({ text }) => text)).toEqual(['one', visible(nasty).replace('\n', '↵\n'), '∅'])
    // fakeCompletion masks every second token, from the first one on.
    expect(tokens.children.map((token) => hasClass(token, 'm'))).toEqual([true, false, true])
    const script = strips[0].children.find(({ name }) => name === 'script')!
    expect(JSON.parse(script.text)).toMatchObject({ a: 0.5, id: [0, 1, 2], c: [0, 0, 0], m: [1, 0, 1] })
  })

  it('shows ids and the whole text without a tokenizer', async () => {
    writeRun(3)
    writeRollouts('the answer')
    const { elements } = await report()
    const [strip] = elements.filter(({ name }) => name === 'article')
    const tokens = strip.children.find((child) => hasClass(child, 'tokens'))!
    expect(tokens.children.map(({ text }) => text)).toEqual(['0', '1', '2'])
    expect(strip.children.find((child) => hasClass(child, 'completion'))?.text).toBe('the answer')
  })

  it('says which steps came with a warning, the first and the last in words', async () => {
    writeRun(4)
    const notice = async () => (await report()).elements.find((element) => hasClass(element, 'notice'))?.text
    expect(await notice()).toBeUndefined()
    const lines = [2, 3, 4].map((step) => ({ step, message: step === 2 ? 'step 2: <no> gradient' : 'out of reach' }))
    writeFileSync(join(directory, 'warnings.jsonl'), jsonLines(lines))
    expect(await notice()).toBe(
      '3 steps came with a warning (warnings.jsonl), first and last:step 2: <no> gradientstep 4: out of reach',
    )
    writeFileSync(join(directory, 'warnings.jsonl'), jsonLines(lines.slice(1, 2)))
    expect(await notice()).toBe('One step came with a warning (warnings.jsonl):step 3: out of reach')
  })

  it('says that an adapter was trained, and that its target changed', async () => {
    writeRun(3)
    const of = async (config: string) => {
      writeFileSync(join(directory, 'config.yaml'), config)
      return (await report()).elements.find((element) => hasClass(element, 'subtitle'))!.text
    }
    expect(await of('model: m\nentropy: {method: clip-v, target: 0.5}\nlora: {rank: 8}\n')).toBe(
      'm · clip-v · target 0.5 nats · LoRA, rank 8',
    )
    expect(await of('model: m\nentropy: {method: clip-v, target: [[1, 0.6], [5, 0.3]]}\nlora: {}\n')).toBe(
      'm · clip-v · a target that changes over the run · LoRA',
    )
  })

  it('says what the run was and what could not be read', async () => {
    writeRun(3)
    writeFileSync(
      join(directory, 'config.yaml'),
      'model: <m>\nseed: 3\nalgorithm: {name: grpo}\nentropy: {method: clip-b, muLow: 1}\n',
    )
    writeFileSync(join(directory, 'eval.jsonl'), 'x\n')
    const { elements } = await report()
    const subtitle = elements.find((element) => hasClass(element, 'subtitle'))!
    expect(subtitle.text).toBe('<m> · grpo with clip-b · muLow 1 · seed 3')
    expect(elements.find(({ name, text }) => name === 'li' && text.includes('eval.jsonl'))?.text).toBe(
      'eval.jsonl, line 1: not readable, left out',
    )
  })

  it('does with a run that has only begun', async () => {
    writeRun(0)
    const { elements, errors } = await report()
    expect(errors).toEqual([])
    expect(chartIds(elements)).toEqual([])
    expect(elements.some(({ text }) => text === 'No step has ended yet.')).toBe(true)
  })
})
