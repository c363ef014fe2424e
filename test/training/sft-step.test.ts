/** Supervised steps against transformers' own loss; test/golden/sft_step.py wrote the numbers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openSafetensors } from '../../src/model/safetensors.js'
import { scoreCompletions } from '../../src/rollout/scoring.js'
import { Learner } from '../../src/train/local/learner.js'
import { likelihood, type SftBatch, toSequence, toTrainGroups } from '../../src/train/sft/batch.js'
import { addTargets, meansOf, noSums } from '../../src/train/sft/validate.js'
import { startTestEngine } from '../engine.js'
import { largestGap, largestParameterGap, loadTiny, parametersOf, updateOptions } from './models.js'

beforeAll(startTestEngine)

interface Golden {
  lr: number
  weightDecay: number
  betas: [number, number]
  eps: number
  gradClip: number
  steps: {
    sequences: { tokens: number[]; target: number[] }[]
    loss: number
    gradNorm: number
    entropy: number
    accuracy: number
  }[]
}

const root = 'test/fixtures/training'
const golden = JSON.parse(readFileSync(join(root, 'sft.json'), 'utf8')) as Golden
const { steps, ...optimization } = golden

function batchOf({ sequences }: { sequences: Golden['steps'][number]['sequences'] }): SftBatch {
  const found = sequences.map(({ tokens, target }) =>
    toSequence(
      { prompt: '', completion: '', where: 'here' },
      { tokens: Int32Array.from(tokens), target: Uint8Array.from(target) },
    ),
  )
  const whole = found.filter((sequence) => sequence !== undefined)
  const targets = whole.reduce((total, sequence) => total + sequence.targets, 0)
  return { sequences: whole, dropped: 0, truncated: 0, targets, tokens: 0 }
}

const options = (tokenBudget: number) =>
  updateOptions({ ...optimization, objective: likelihood, tokenBudget, distributions: true })

describe('two supervised steps', () => {
  // 44 tokens in all: one micro-batch, several, and one for each sequence.
  it.each([8192, 24, 1])('are those of transformers, with micro-batches of %i tokens', (tokenBudget) => {
    const model = loadTiny('llama')
    const learner = new Learner(model)
    for (const step of steps) {
      const batch = batchOf(step)
      const result = learner.update(toTrainGroups(batch), options(tokenBudget))
      expect(result.applied).toBe(true)
      expect(Math.abs(result.loss - step.loss)).toBeLessThan(1e-5)
      expect(Math.abs(result.gradNorm / step.gradNorm - 1)).toBeLessThan(1e-4)
      const sums = noSums()
      batch.sequences.forEach(({ target }, i) => {
        const [{ logprob, distribution }] = result.tokens[i]
        addTargets(sums, target, { logprob, ...distribution! })
      })
      const means = meansOf(sums)
      expect(means.loss).toBeCloseTo(step.loss, 5)
      expect(means.entropy_nats).toBeCloseTo(step.entropy, 5)
      expect(means.token_accuracy).toBeCloseTo(step.accuracy, 10)
      expect(step.accuracy).toBeGreaterThan(0)
    }
    const file = openSafetensors(join(root, 'sft.safetensors'))
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

  it('say the same of validation as of training', () => {
    const model = loadTiny('llama')
    const batch = batchOf(steps[0])
    const sums = noSums()
    const scored = scoreCompletions(
      model,
      batch.sequences.map(({ prompt, completion }) => ({ prompt, completions: [completion] })),
      { temperature: 1, tokenBudget: 24 },
    )
    batch.sequences.forEach(({ target }, i) => {
      addTargets(sums, target, { ...scored[i][0], top: scored[i][0].top! })
    })
    const means = meansOf(sums)
    expect(means.loss).toBeCloseTo(steps[0].loss, 5)
    expect(means.perplexity).toBeCloseTo(Math.exp(steps[0].loss), 3)
    expect(means.token_accuracy).toBeCloseTo(steps[0].accuracy, 10)
    expect(means.entropy_nats).toBeCloseTo(steps[0].entropy, 5)
    model.dispose()
  })
})

describe('tokens that are not learnt', () => {
  /** Parameters after one step, with the tokens of one sequence changed at the given places. */
  function afterStep(change: (tokens: number[], target: number[]) => void) {
    const sequences = structuredClone(steps[0].sequences)
    change(sequences[1].tokens, sequences[1].target)
    const model = loadTiny('llama')
    const learner = new Learner(model)
    learner.update(toTrainGroups(batchOf({ sequences })), options(8192))
    const parameters = parametersOf(model)
    learner.dispose()
    model.dispose()
    return parameters
  }

  it('behind the last learnt one do nothing', () => {
    const whole = afterStep(() => {})
    // Sequence 1 learns 3-6 and 12-15; 16 is its last token.
    expect(
      largestParameterGap(
        whole,
        afterStep((tokens) => (tokens[16] = (tokens[16] + 1) % 64)),
      ),
    ).toBe(0)
    expect(
      largestParameterGap(
        whole,
        afterStep((tokens) => (tokens[15] = (tokens[15] + 1) % 64)),
      ),
    ).toBeGreaterThan(1e-4)
  })

  it('give no gradient of their own: the head of a token that is only read does not rise', () => {
    const model = loadTiny('llama')
    const learner = new Learner(model)
    const batch = batchOf({ sequences: [{ tokens: [5, 6, 7, 8, 9], target: [0, 0, 1, 0, 1] }] })
    const result = learner.update(toTrainGroups(batch), options(8192))
    const [[{ logprob, slope }]] = result.tokens
    // Of the completion [7, 8, 9] the middle token has no head row at all.
    expect(Array.from(slope)).toEqual([1, 0, 1])
    expect(Array.from(logprob, Number.isNaN)).toEqual([false, true, false])
    learner.dispose()
    model.dispose()
  })
})
