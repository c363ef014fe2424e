/**
 * The policy head (token statistics, loss, gradients of hidden states and weights) against PyTorch computing the same
 * from full logits by autograd. Peak memory is what comes on top of hidden states and weights, gradients included.
 *
 *     npx jiti bench/head.ts [--rounds 3] [--tokens 4096] [--vocabulary 151936] [--width 576] [--json] [--python PYTHON]
 *
 * Linux. The peer needs about three times tokens x vocabulary x 4 bytes.
 */
import { cpu, fromData, scope, zeros } from '../src/torch/index.js'
import { policyHead } from '../src/train/local/policy-head.js'
import { figure, Report, readOptions, startTorch, type Turn, takeTurns, threads, timed, withPeer } from './measure.js'
import { base, peak } from './memory.js'
import { Peer } from './peer.js'

const options = readOptions({ tokens: '4096', vocabulary: '151936', width: '576' }, 3)
const { json, rounds, python } = options
const [T, V, d] = [options.tokens, options.vocabulary, options.width].map(Number)
/** Logits of a standard deviation of about 2: neither flat nor one-hot. */
const scale = 24 / Math.sqrt(d)
const torch = await startTorch()

const uniform = (shape: [number, number], factor: number) => {
  const values = new Float32Array(shape[0] * shape[1])
  for (let i = 0; i < values.length; i++) values[i] = (Math.random() - 0.5) * factor
  return fromData(values, shape, { device: cpu })
}
const hidden_T_d = uniform([T, d], 1)
const head_V_d = uniform([V, d], scale)
const targets = Int32Array.from({ length: T }, () => Math.floor(Math.random() * V))
const slopes = Float32Array.from({ length: T }, () => Math.random() - 0.5)

const run = (): Turn & { bytes: number } => timed(pass)

function pass(): { bytes: number } {
  const before = base()
  scope(() => {
    const gradient_V_d = zeros([V, d])
    const gradientOf = (row: number) => ({ slope: slopes[row], bonus: 0 })
    policyHead(hidden_T_d, head_V_d, targets, 1, gradientOf, gradient_V_d)
  })
  return { bytes: peak() - before }
}

const report = new Report(json)
const settings = { tokens: T, vocabulary: V, width: d, scale, threads }
await withPeer(new Peer(python, 'head', settings, threads), async (pytorch, versions) => {
  const turns = await takeTurns(rounds, run, () => pytorch.ask<Turn & { bytes: number }>({ run: true }))
  const shape = `${T} x ${V} x ${d}`
  report.add(figure(`policy head ${shape}, time`, 's', turns, (_, s) => s, 'lower', 1.3))
  report.add(figure(`policy head ${shape}, peak memory`, 'GB', turns, ({ bytes }) => bytes / 1e9, 'lower', 10))
  report.finish({ libtorch: torch, peer: versions })
})
