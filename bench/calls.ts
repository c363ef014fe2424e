/**
 * Seconds per call of operators on 8 elements, where only the way into LibTorch counts, against Python's PyTorch.
 *
 *     npx jiti bench/calls.ts [--rounds 15] [--calls 20000] [--json] [--python PYTHON]
 */
import { add, exp, fromData, mul, noGrad, scope, type Tensor } from '../src/torch/index.js'
import { figure, Report, readOptions, startTorch, type Turn, takeTurns, threads, withPeer } from './measure.js'
import { Peer } from './peer.js'

const elements = 8
/** Tensors that one scope frees, as in a layer's forward. */
const perScope = 20

const { json, rounds, python, calls } = readOptions({ calls: '20000' }, 15)
const count = Number(calls)
const torch = await startTorch()
const make = () => fromData(Float32Array.from({ length: elements }, Math.random), [elements])
const [a, b] = [make(), make()]
const operators: Record<string, () => Tensor> = { mul: () => mul(a, b), add: () => add(a, b), exp: () => exp(a) }

function run(call: () => Tensor): Turn {
  const began = performance.now()
  noGrad(() => {
    for (let done = 0; done < count; done += perScope) {
      scope(() => {
        for (let i = 0; i < perScope; i++) call()
      })
    }
  })
  return { seconds: (performance.now() - began) / 1000 / count }
}

const report = new Report(json)
await withPeer(new Peer(python, 'calls', { elements, threads }, threads), async (pytorch, versions) => {
  for (const [name, call] of Object.entries(operators)) {
    const ask = () => pytorch.ask<Turn>({ operator: name, calls: count })
    run(call)
    await ask()
    const { ours, peer } = await takeTurns(rounds, () => run(call), ask)
    const microseconds = (turns: Turn[]) => turns.map(({ seconds }) => seconds * 1e6)
    report.add(
      figure(`call of ${name}`, 'us', { ours: microseconds(ours), peer: microseconds(peer) }, 'lower', 1 / 1.5),
    )
  }
  report.finish({ libtorch: torch, peer: versions })
})
