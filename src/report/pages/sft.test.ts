import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeRunReport } from './run/run.js'

const directory = mkdtempSync(join(tmpdir(), 'sft-report-'))
afterAll(() => rmSync(directory, { recursive: true }))

const line = (step: number, loss?: number) => ({
  step,
  time: `2026-01-01T00:00:0${step}.000Z`,
  epoch: step / 4,
  ...(loss === undefined ? {} : { loss, token_accuracy: 0.5, entropy_nats: 1, pred_dH_kept: -0.1, grad_norm: 2 }),
  lr: 2e-5 / step,
  target_tokens: 1000 + step,
  tokens: 3000,
})
const validation = (step: number, loss: number) => ({
  step,
  examples: 3,
  target_tokens: 90,
  eval_loss: loss,
  perplexity: Math.exp(loss),
  token_accuracy: 0.625,
  entropy_nats: 1.25,
  seconds: 1,
})
const write = (name: string, lines: object[]) =>
  writeFileSync(join(directory, name), lines.map((one) => `${JSON.stringify(one)}\n`).join(''))

describe('the page of a supervised run', () => {
  it('draws training and validation side by side, and says what became of the loss', async () => {
    writeFileSync(join(directory, 'config.yaml'), 'model: tiny\ndata:\n  task:\n    name: gsm8k\n')
    // The second step's update was skipped: its line has a gap, not a 0.
    write('metrics.jsonl', [line(1, 2), line(2), line(3, 1)])
    write('eval.jsonl', [validation(0, 2.5), validation(3, 1.5)])
    const page = readFileSync(await writeRunReport(directory), 'utf8')
    for (const part of [
      'tiny · gsm8k',
      '2.500 → 1.500',
      '12.18 → 4.48',
      '0.625 → 0.625',
      'validation',
      'Token accuracy',
      '3,006',
    ]) {
      expect(page).toContain(part)
    }
    const withoutScripts = page.replaceAll(/<script.*?<\/script>/gs, '')
    for (const part of ['Reward', 'Avg@', 'NaN', 'undefined']) expect(withoutScripts).not.toContain(part)
  })

  it('is there before the first step has ended', async () => {
    write('metrics.jsonl', [])
    expect(readFileSync(await writeRunReport(directory), 'utf8')).toContain('No step has ended yet.')
  })
})
