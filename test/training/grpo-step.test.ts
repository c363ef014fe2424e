/** Whole optimizer steps against PyTorch's autograd from full logits; test/golden/grpo_step.py wrote the numbers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openSafetensors } from '../../src/model/safetensors.js'
import { liveTensors } from '../../src/torch/index.js'
import type { UpdateOptions } from '../../src/train/backend.js'
import { Learner } from '../../src/train/local/learner.js'
import { startTestEngine } from '../engine.js'
import { largestGap, loadTiny, parametersOf, trainCompletion, updateOptions } from './models.js'

beforeAll(startTestEngine)

interface GoldenCompletion {
  tokens: number[]
  rolloutLogprob: number[]
  referenceLogprob?: number[]
  advantage: number
  gradMask: number[]
  weight: number
}

interface Golden {
  temperature: number
  klCoef: number
  klEstimator: 'k2' | 'k3'
  entropyCoef: number
  gradClip: number | null
  clipLow: number
  clipHigh: number
  lr: number
  weightDecay: number
  betas: [number, number]
  eps: number
  steps: {
    groups: { prompt: number[]; completions: GoldenCompletion[] }[]
    loss: number
    gradNorm: number
    tokens: { logprob: number[]; slope: number[]; clipped: number[]; kl?: number[] }[]
  }[]
}

const root = 'test/fixtures/training'

function optionsOf(golden: Golden, tokenBudget: number): UpdateOptions {
  const { clipLow, clipHigh, klCoef, klEstimator, entropyCoef, gradClip, ...rest } = golden
  const { temperature, lr, weightDecay, betas, eps } = rest
  return updateOptions({
    temperature,
    lr,
    weightDecay,
    betas,
    eps,
    gradClip: gradClip ?? Number.POSITIVE_INFINITY,
    tokenBudget,
    objective: { clipLow, clipHigh, importanceCap: Number.POSITIVE_INFINITY, klCoef, klEstimator, entropyCoef },
  })
}

const groupsOf = (step: Golden['steps'][number]) =>
  step.groups.map(({ prompt, completions }) => ({
    prompt: Int32Array.from(prompt),
    completions: completions.map(({ tokens, ...fields }) => trainCompletion(tokens, fields)),
  }))

describe.each(['llama', 'llama-tied-biases', 'qwen3-biases', 'qwen3'])('two steps of GRPO on %s', (name) => {
  const golden = JSON.parse(readFileSync(join(root, `${name}.json`), 'utf8')) as Golden

  it.each([8192, 24, 1])('are those of PyTorch, with micro-batches of %i tokens', (tokenBudget) => {
    const model = loadTiny(name)
    const learner = new Learner(model)
    for (const step of golden.steps) {
      const result = learner.update(groupsOf(step), optionsOf(golden, tokenBudget))
      expect(result).toMatchObject({ applied: true, interrupted: false })
      expect(Math.abs(result.loss - step.loss)).toBeLessThan(1e-5 * (1 + Math.abs(step.loss)))
      expect(Math.abs(result.gradNorm / step.gradNorm - 1)).toBeLessThan(1e-4)
      const said = result.tokens.flat()
      step.groups
        .flatMap(({ completions }) => completions)
        .forEach((completion, i) => {
          const expected = step.tokens[i]
          for (const [t, masked] of completion.gradMask.entries()) {
            const logprob = said[i].logprob[t]
            const computed =
              golden.entropyCoef !== 0 || (masked === 1 && (completion.advantage !== 0 || golden.klCoef > 0))
            // What nothing in the objective moves is not computed, and says so.
            expect(Number.isNaN(logprob)).toBe(!computed)
            if (!computed) continue
            expect(Math.abs(logprob - expected.logprob[t])).toBeLessThan(1e-4)
            expect(Math.abs(said[i].slope[t] - expected.slope[t])).toBeLessThan(1e-3)
            expect(said[i].clipped[t]).toBe(expected.clipped[t])
            if (expected.kl) expect(Math.abs(said[i].kl![t] - expected.kl[t])).toBeLessThan(1e-3)
          }
        })
    }
    const file = openSafetensors(join(root, `${name}.safetensors`))
    const after = parametersOf(model)
    expect([...after.keys()].sort()).toEqual([...file.tensors.keys()].sort())
    for (const [key, values] of after) {
      const expected = new Float32Array(values.length)
      file.readInto(key, new Uint8Array(expected.buffer))
      expect({ key, same: largestGap(values, expected) < 1e-5 }).toEqual({ key, same: true })
    }
    file.close()
    learner.dispose()
    model.dispose()
  })

  it('keeps no tensor', () => {
    const live = liveTensors()
    const model = loadTiny(name)
    const learner = new Learner(model)
    learner.update(groupsOf(golden.steps[0]), optionsOf(golden, 24))
    learner.dispose()
    model.dispose()
    expect(liveTensors()).toBe(live)
  })

  it('has what it claims to test: clipped and masked tokens, and a gradient above its bound', () => {
    const tokens = golden.steps.flatMap((step) => step.tokens)
    expect(tokens.some(({ clipped }) => clipped.includes(1))).toBe(true)
    if (golden.gradClip !== null) expect(golden.steps[0].gradNorm).toBeGreaterThan(golden.gradClip)
  })
})
