/**
 * How fast float32 and bfloat16 are here, by short measurements on products of a model's own shapes: one layer's linear
 * layers as decoding makes them (a few rows, weights that no near cache holds) and as training does (many rows, forward
 * and backward).
 */
import { noGrad, requireGrad, withGrad } from './autograd.js'
import { type Device, parseDevice } from './device.js'
import type { Dtype } from './dtype.js'
import { releaseFreedMemory } from './memory.js'
import { backward, detach, linear } from './ops.js'
import { canPack, packedLinear, packWeight } from './packed.js'
import { requireDevice } from './probe.js'
import { scope } from './scope.js'
import { full, type Tensor } from './tensor.js'

export interface LayerWork {
  device: string
  /** [out, in] of the linear layers of one decoder layer. */
  products: readonly [out: number, into: number][]
  layers: number
  /** Absent: nothing is sampled. `packed`: float32 decodes on packed weights where it can (torch/packed.ts). */
  decoding?: { rows: number; packed: boolean }
  /** Absent: nothing is trained. `weightGradients`: false where the weights are frozen below an adapter. `passes`: over each token. */
  training?: { rows: number; weightGradients: boolean; passes: number }
}

/** Seconds that one layer's products take for one token: processor time on the CPU, elapsed time elsewhere. */
export interface PrecisionSeconds {
  float32: number
  bfloat16: number
}

/** Larger layers run at the rate of the halved ones. */
const mostNumbersOfLayer = 2 ** 23
/** Decoding goes through copies of the layer, since the next layer's weights are never the last one's. */
const mostNumbersOfCopies = 2 ** 25
const mostRows = 256
/** A round times every piece of work once. The least of three rounds leaves a busy machine's noise out. */
const fewestRounds = 3
/** Beyond the fewest rounds, of what is timed. */
const secondsToSpend = 0.5
const mostRounds = 50

/** Halves both sides of every product until the layer is small enough to be measured in a moment. */
export function halved(products: LayerWork['products']): [number, number][] {
  const total = products.reduce((sum, [out, into]) => sum + out * into, 0)
  if (total <= mostNumbersOfLayer) return products.map(([out, into]) => [out, into])
  return halved(products.map(([out, into]) => [Math.ceil(out / 2), Math.ceil(into / 2)]))
}

/**
 * Takes about a second, and for its time at most 320 MiB.
 * @throws UserError where there is no such device
 */
export function measurePrecisions(work: LayerWork): PrecisionSeconds {
  const packed: Tensor[] = []
  requireDevice(parseDevice(work.device))
  try {
    return noGrad(() =>
      scope(() => {
        const clock = clockOf(parseDevice(work.device))
        const pieces = { float32: piecesOf(work, 'float32', packed), bfloat16: piecesOf(work, 'bfloat16', packed) }
        const least = leastSeconds([...pieces.float32, ...pieces.bfloat16], clock)
        const total = (of: Piece[]) => of.reduce((sum, piece) => sum + least.get(piece)! / piece.tokens, 0)
        return { float32: total(pieces.float32), bfloat16: total(pieces.bfloat16) }
      }),
    )
  } finally {
    for (const weight of packed) weight.dispose()
    releaseFreedMemory()
  }
}

interface Piece {
  run(): void
  /** Seconds over this are the seconds of one layer and token. */
  tokens: number
}

/** Packed weights outlive a scope: they are added to `kept`. */
function piecesOf(
  { device: name, products, layers, decoding, training }: LayerWork,
  dtype: Dtype,
  kept: Tensor[],
): Piece[] {
  const device = parseDevice(name)
  const shapes = halved(products)
  const numbers = shapes.reduce((sum, [out, into]) => sum + out * into, 0)
  const copies = decoding ? Math.max(1, Math.min(layers, Math.floor(mostNumbersOfCopies / numbers))) : 1
  const layersOfWeights = Array.from({ length: copies }, () =>
    shapes.map(([out, into]) => full([out, into], 0.01, { dtype, device })),
  )
  const inputs = (rows: number) => shapes.map(([, into]) => full([rows, into], 0.5, { dtype, device }))
  const pieces = training ? [trainingPiece(layersOfWeights[0], inputs, training)] : []
  if (decoding) {
    const rows = Math.min(decoding.rows, mostRows)
    const x = inputs(rows)
    const packs = decoding.packed && dtype === 'float32' && device.type === 'cpu' && canPack()
    const multiply = packs ? packedLinear : linear
    const weights = packs ? layersOfWeights.map((layer) => layer.map(packWeight)) : layersOfWeights
    if (packs) kept.push(...weights.flat())
    pieces.push({
      run: () => eachWeight(weights, (weight, i) => multiply(x[i], weight)),
      tokens: copies * rows,
    })
  }
  return pieces
}

function trainingPiece(
  layer: Tensor[],
  inputs: (rows: number) => Tensor[],
  { rows: wanted, weightGradients, passes }: NonNullable<LayerWork['training']>,
): Piece {
  const rows = Math.min(wanted, mostRows)
  const x = inputs(rows)
  return {
    run: () =>
      withGrad(() =>
        eachWeight([layer], (value, i) => {
          const weight = requireGrad(detach(value), weightGradients)
          const input = requireGrad(detach(x[i]))
          const y = linear(input, weight)
          const { dtype, device } = y
          backward(y, weightGradients ? [input, weight] : [input], full(y.shape, 1, { dtype, device }))
        }),
      ),
    tokens: rows / passes,
  }
}

function eachWeight(layers: Tensor[][], use: (weight: Tensor, index: number) => void): void {
  for (const layer of layers) for (const [index, weight] of layer.entries()) scope(() => use(weight, index))
}

/** The least time of each piece, all of them in turns. */
function leastSeconds(pieces: Piece[], clock: (run: () => void) => number): Map<Piece, number> {
  const least = new Map<Piece, number>()
  for (const { run } of pieces) run()
  let spent = 0
  for (let round = 0; round < fewestRounds || (spent < secondsToSpend && round < mostRounds); round++) {
    for (const piece of pieces) {
      const seconds = clock(piece.run)
      spent += seconds
      least.set(piece, Math.min(seconds, least.get(piece) ?? Infinity))
    }
  }
  return least
}

/** On the CPU what else the machine does counts little in processor time; elsewhere the host only waits. */
function clockOf(device: Device): (run: () => void) => number {
  if (device.type === 'cpu') {
    return (run) => {
      const before = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1e6
    }
  }
  const one = full([1], 1, { device })
  return (run) => {
    // Reading a number waits for all that was asked of the device before.
    one.item()
    const before = process.hrtime.bigint()
    run()
    one.item()
    return Number(process.hrtime.bigint() - before) / 1e9
  }
}
