/** Where a training run is: what a checkpoint holds for the loop besides the backend's state. JSON. */
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { wholeOrProblems } from '../base/schema/state.js'
import { type MethodStates, stateSchemas } from '../entropy/methods/recipe-keys.js'
import { type TargetState, targetState } from '../entropy/target-controller.js'
import type { LoopOptions } from './options.js'

const whole = z.number().int().min(0)

/** What the controllers carry from step to step. Each controller has its own key. */
export interface EntropyState extends MethodStates {
  /** Of `entropy.target`; the key that checkpoints have always had. */
  setpoint?: TargetState
}

export interface LoopState {
  step: number
  /** Problems taken from the training stream. */
  position: number
  /** What the entropy control carries; absent before the first step and where it carries nothing. */
  entropy?: EntropyState
  /** The KL term's coefficient as algorithm.klTarget has adapted it; absent: the recipe's. */
  klCoef?: number
}

const controllers = z.object({ ...stateSchemas, setpoint: targetState }).partial()
/** A saved state has its entropy control, if an empty one, and the coefficient where it is adapted. */
const saved = z.object({ step: whole, position: whole, entropy: controllers, klCoef: z.number().optional() })
const savedWithKl = saved.required({ klCoef: true })

/**
 * A state that a checkpoint holds, as the loop continues from it.
 * @throws UserError that names every key which is not as the loop saves it
 */
export function readLoopState(value: unknown, { algorithm }: LoopOptions): LoopState {
  const { problems } = wholeOrProblems(algorithm.klTarget === undefined ? saved : savedWithKl, value)
  if (problems !== '') throw new UserError(`the state of the loop: ${problems}`)
  // As it was saved, its keys in that order: a resumed run writes the same bytes.
  return value as LoopState
}
