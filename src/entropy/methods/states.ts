/** The controllers of the methods that are named: their states from one batch of rollouts to the next. */
import { type MethodSettings, optionsOf } from './apply.js'
import type { Controller, EntropyMethod } from './method.js'
import { type MethodStates, namedMethods } from './recipe-keys.js'
import type { ControllerView } from './types.js'

type Controlled = EntropyMethod & { controller: Controller }

const controlled = (settings: MethodSettings): Controlled[] =>
  namedMethods(settings.method).filter(
    (method): method is Controlled & typeof method => method.controller !== undefined,
  )

const collect = (settings: MethodSettings, of: (method: Controlled, options: unknown) => unknown): MethodStates =>
  Object.fromEntries(
    controlled(settings).map((method) => [method.controller.key, of(method, optionsOf(method, settings))]),
  )

/**
 * The states for an update. They move at a batch's first update (`update` 0) and stay for later ones.
 */
export function nextStates(
  settings: MethodSettings,
  before: MethodStates,
  { update, ...view }: { update: number } & ControllerView,
): MethodStates {
  return collect(settings, ({ controller }, options) => {
    const saved = (before as Record<string, unknown>)[controller.key]
    return update === 0 || saved === undefined ? controller.next(saved, view.entropy, options, view) : saved
  })
}

/** The states for a batch that is looked at by itself. */
export const statesAlone = (settings: MethodSettings, view: ControllerView): MethodStates =>
  collect(settings, ({ controller }, options) => controller.alone(view.entropy, options, view))

/** What the states set: the coefficient of the entropy bonus, where a controller has one, and metrics. */
export function setByStates(
  settings: MethodSettings,
  states: MethodStates,
): { entropyCoef?: number; metrics: Record<string, number> } {
  const result: { entropyCoef?: number; metrics: Record<string, number> } = { metrics: {} }
  for (const { controller } of controlled(settings)) {
    const state = (states as Record<string, unknown>)[controller.key]
    if (controller.entropyCoef) result.entropyCoef = controller.entropyCoef(state)
    Object.assign(result.metrics, controller.metrics?.(state))
  }
  return result
}
