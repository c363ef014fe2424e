/**
 * A controller that holds the policy's entropy at a target by choosing how much entropy change each update may predict.
 *
 * The predicted dH of an update is not in nats per optimizer step. Under Adam a step follows the running mean of the
 * gradients, so what moves entropy is the running mean m of the kept predictions (decay b = Adam's first beta):
 *   H' = H + G m^ + drift
 * with an unknown gain G, measured over predicted, and a drift that no prediction explains. Three parts:
 * - gain: least squares of the measured changes on m^, weighed against a prior by the noise that the changes show;
 * - observer: H and the drift from the noisy entropies of the batches (an alpha-beta filter). The drift takes the place
 *   of an integral term and cannot wind up, since it is what the last step did, not what it was asked to do;
 * - command: the wanted dH offsets the drift, -drift / G, and closes 1/horizon of the gap that will be left when what
 *   is under way has played out: with nothing added to that balance, (G m + drift) b / (1 - b) is still to come.
 * Pure and deterministic: the state is JSON, the same inputs give the same bits.
 */
import { z } from 'zod'

/** JSON; saved with the checkpoint. */
export const targetState = z.object({
  /** Nats per step that a running mean of 1 moves entropy by. */
  gain: z.number(),
  /** Discounted sums of the gain's least squares: m^2, m dH, dH^2 and steps. */
  squares: z.number(),
  products: z.number(),
  changes: z.number(),
  count: z.number().min(0),
  /** Estimate of H, and of the change per step that m^ does not explain; absent before the first batch. */
  entropy: z.number().optional(),
  drift: z.number(),
  /** Entropy of the last batch as measured. */
  last: z.number().optional(),
  /** Adam-like running mean of the kept predictions, and the number of predictions in it. */
  mean: z.number(),
  updates: z.number().min(0),
  /** Sum of m^ over the updates since the last batch. */
  moved: z.number(),
  /** Steps in a row in which the mask could not give what was wanted, by direction. */
  short: z.number().min(0),
})
export type TargetState = z.infer<typeof targetState>

/** Steps in which the command closes the gap, were it alone. */
const horizon = 10
/** Weight of one batch's entropy, and of its surprise on the drift (critically damped: 2 (2 - a) - 4 sqrt(1 - a)). */
const entropyWeight = 0.3
const driftWeight = 2 * (2 - entropyWeight) - 4 * Math.sqrt(1 - entropyWeight)
/** What a step's evidence on gain and noise keeps per step: a memory of about 50. */
const memory = 0.98
/** Prior of the gain: 1 nat per unit, give or take four, and never outside of these. */
const priorGain = 1
const priorSpread = 4
const [leastGain, largestGain] = [0.2, 50]
/** Prior of the noise of one measured change, in nats, worth this many steps. */
const priorNoise = 0.05
const priorNoiseSteps = 3

export const initialTargetState = (): TargetState => ({
  gain: priorGain,
  squares: 0,
  products: 0,
  changes: 0,
  count: 0,
  drift: 0,
  mean: 0,
  updates: 0,
  moved: 0,
  short: 0,
})

/** A new batch of rollouts has the mean entropy `measured` (nats). */
export function observe(state: TargetState, measured: number): TargetState {
  if (state.entropy === undefined || state.last === undefined) return { ...state, entropy: measured, last: measured }
  const { moved } = state
  const change = measured - state.last
  const squares = memory * state.squares + moved ** 2
  const products = memory * state.products + moved * change
  const changes = memory * state.changes + change ** 2
  const count = memory * state.count + 1
  // What the best gain leaves unexplained, not what the present one does: a wrong prior must not pass for noise.
  const unexplained = squares > 0 ? Math.max(0, changes - products ** 2 / squares) : changes
  const noise = (priorNoiseSteps * priorNoise ** 2 + unexplained) / (priorNoiseSteps + count)
  const prior = noise / priorSpread ** 2
  const estimate = (prior * priorGain + products) / (prior + squares)
  const gain = Math.min(largestGain, Math.max(leastGain, estimate))
  const expected = state.entropy + gain * moved + state.drift
  const innovation = measured - expected
  return {
    ...state,
    gain,
    squares,
    products,
    changes,
    count,
    entropy: expected + entropyWeight * innovation,
    drift: state.drift + driftWeight * innovation,
    last: measured,
    moved: 0,
  }
}

/**
 * The predicted dH that the next update should keep:
 * `((target - H - (G m + drift) b / (1 - b)) / horizon - drift) / G`, shared between the `updatesPerStep` updates on a batch.
 *
 * @param beta Decay of the optimizer's first moment.
 */
export function wantedChange(
  { gain, entropy, drift, mean }: TargetState,
  { target, beta, updatesPerStep }: { target: number; beta: number; updatesPerStep: number },
): number {
  if (entropy === undefined) throw new RangeError('no entropy has been observed yet')
  const underWay = ((gain * mean + drift) * beta) / (1 - beta)
  return ((target - entropy - underWay) / horizon - drift) / gain / updatesPerStep
}

/** An update kept the predicted dH `kept`; `short`: the mask could not give what was wanted. */
export function applied(
  state: TargetState,
  { kept, beta, short }: { kept: number; beta: number; short: boolean },
): TargetState {
  const mean = beta * state.mean + (1 - beta) * kept
  const updates = state.updates + 1
  return {
    ...state,
    mean,
    updates,
    moved: state.moved + mean / (1 - beta ** updates),
    short: short ? state.short + 1 : 0,
  }
}
