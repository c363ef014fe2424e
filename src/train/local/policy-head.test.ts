import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import { largestGap } from '../../../test/training/models.js'
import { rngFrom } from '../../base/philox.js'
import { fromData, liveTensors, scope, zeros } from '../../torch/index.js'
import { policyHead } from './policy-head.js'

beforeAll(startTestEngine)

interface Problem {
  hidden: number[][]
  head: number[][]
  targets: number[]
  slope: number[]
  bonus: number[]
  temperature: number
}

/** log p and H of each row, float64. */
function rowsOf({ hidden, head, targets, temperature }: Problem) {
  return hidden.map((h, r) => {
    const u = head.map((w) => w.reduce((total, value, i) => total + value * h[i], 0) / temperature)
    const top = u.reduce((a, b) => Math.max(a, b))
    const logZ = top + Math.log(u.reduce((total, value) => total + Math.exp(value - top), 0))
    const p = u.map((value) => Math.exp(value - logZ))
    const entropy = p.reduce((total, value, i) => total - value * (u[i] - logZ), 0)
    return { logprob: u[targets[r]] - logZ, entropy, p, logp: u.map((value) => value - logZ) }
  })
}

/** The loss that the head's gradient belongs to: -sum(slope log p_k + bonus H). */
const lossOf = (problem: Problem) =>
  rowsOf(problem).reduce(
    (total, { logprob, entropy }, r) => total - problem.slope[r] * logprob - problem.bonus[r] * entropy,
    0,
  )

function onTensors({ hidden, head, targets, slope, bonus, temperature }: Problem) {
  return scope(() => {
    const dHead = zeros([head.length, head[0].length])
    const seen: { row: number; logprob: number; entropy: number }[] = []
    const dHidden = policyHead(
      fromData(Float32Array.from(hidden.flat()), [hidden.length, hidden[0].length]),
      fromData(Float32Array.from(head.flat()), [head.length, head[0].length]),
      targets,
      temperature,
      (row, { logprob, moments }) => {
        seen.push({ row, logprob, entropy: moments.entropy })
        return { slope: slope[row], bonus: bonus[row] }
      },
      dHead,
    )
    return { dHidden: dHidden.toFloat32Array(), dHead: dHead.toFloat32Array(), seen }
  })
}

function problem(R: number, V: number, d: number, temperature: number, bonusScale: number): Problem {
  const random = rngFrom(3, R, V, d)
  const matrix = (rows: number, scale: number) =>
    Array.from({ length: rows }, () => Array.from({ length: d }, () => Math.fround(scale * (random() - 0.5))))
  const values = (scale: number) => Array.from({ length: R }, () => scale * (random() - 0.5))
  return {
    hidden: matrix(R, 4),
    head: matrix(V, 3),
    targets: Array.from({ length: R }, () => Math.floor(random() * V)),
    slope: values(2),
    bonus: values(bonusScale),
    temperature,
  }
}

describe('the policy head', () => {
  it.each([
    ['log p alone', 1, 0],
    ['with an entropy bonus', 1, 1],
    ['with an entropy bonus at T = 0.6', 0.6, 1],
  ])('has the gradient of finite differences: %s', (_, temperature, bonusScale) => {
    const given = problem(4, 11, 3, temperature, bonusScale)
    const { dHidden, dHead, seen } = onTensors(given)
    const h = 1e-5
    const differences = (matrix: number[][]) =>
      matrix.flatMap((row) =>
        row.map((value, i) => {
          row[i] = value + h
          const above = lossOf(given)
          row[i] = value - h
          const below = lossOf(given)
          row[i] = value
          return (above - below) / (2 * h)
        }),
      )
    expect(largestGap(dHidden, differences(given.hidden))).toBeLessThan(3e-6)
    expect(largestGap(dHead, differences(given.head))).toBeLessThan(3e-6)
    expect(seen.map(({ row }) => row)).toEqual([0, 1, 2, 3])
    rowsOf(given).forEach(({ logprob, entropy }, r) => {
      expect(seen[r].logprob).toBeCloseTo(logprob, 5)
      expect(seen[r].entropy).toBeCloseTo(entropy, 5)
    })
  })

  // test/golden/grpo_step.py: torch.autograd from the whole logits, float64.
  it("has PyTorch's gradient", () => {
    const golden = JSON.parse(readFileSync('test/fixtures/training/policy-head.json', 'utf8')) as Problem & {
      dHidden: number[][]
      dHead: number[][]
    }
    const { dHidden, dHead } = onTensors(golden)
    expect(largestGap(dHidden, golden.dHidden.flat())).toBeLessThan(3e-6)
    expect(largestGap(dHead, golden.dHead.flat())).toBeLessThan(3e-6)
  })

  it('is the same over several chunks of rows', () => {
    // 4e6 logits a chunk: 400,000 ids make chunks of 10 rows, here a full one and one row.
    const V = 400_000
    const given = problem(11, V, 2, 1.5, 1)
    const { dHidden, dHead, seen } = onTensors(given)
    const live = liveTensors()
    onTensors(given)
    expect(liveTensors()).toBe(live)
    expect(seen.map(({ row }) => row)).toEqual(Array.from({ length: 11 }, (_, r) => r))
    // d loss / du_i = slope (p_i - [i = k]) + bonus p_i (H + log p_i), written out in float64.
    const expectedHidden = new Float64Array(11 * 2)
    const expectedHead = new Float64Array(V * 2)
    rowsOf(given).forEach(({ p, logp, entropy }, r) => {
      for (let i = 0; i < V; i++) {
        const du =
          given.slope[r] * (p[i] - (i === given.targets[r] ? 1 : 0)) + given.bonus[r] * p[i] * (entropy + logp[i])
        for (let j = 0; j < 2; j++) {
          expectedHidden[2 * r + j] += (du * given.head[i][j]) / given.temperature
          expectedHead[2 * i + j] += (du * given.hidden[r][j]) / given.temperature
        }
      }
    })
    // Sums of 400,000 float32 products.
    expect(largestGap(dHidden, expectedHidden)).toBeLessThan(1e-3)
    expect(largestGap(dHead, expectedHead)).toBeLessThan(1e-5)
  })
})
