/**
 * Operators on 8 elements, where only the way into LibTorch counts, against Python's PyTorch. On a busy
 * machine the ratio by processor time (of the whole process, garbage collection included) is the one to read.
 *
 *     npx jiti bench/calls.ts [--rounds 15] [--calls 20000] [--json] [--python PYTHON]
 */
import { add, exp, fromData, mul, noGrad, scope, type Tensor } from '../src/torch/index.js'
import { figure, Report, readOptions, startTorch, type Turn, takeTurns, threads, timed, withPeer } from './measure.js'
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

const run = (call: () => Tensor): Turn =>
  timed(() => {
    noGrad(() => {
      for (let done = 0; done < count; done += perScope) {
        scope(() => {
          for (let i = 0; i < perScope; i++) call()
        })
      }
    })
    return {}
  })

const report = new Report(json)
await withPeer(new Peer(python, 'calls', { elements, threads }, threads), async (pytorch, versions) => {
  for (const [name, call] of Object.entries(operators)) {
    const ask = () => pytorch.ask<Turn>({ operator: name, calls: count })
    run(call)
    await ask()
    const turns = await takeTurns(rounds, () => run(call), ask)
    report.add(figure(`call of ${name}`, 'us', turns, (_, s) => (s / count) * 1e6, 'lower', 1 / 1.5))
  }
  report.finish({ libtorch: torch, peer: versions })
})
