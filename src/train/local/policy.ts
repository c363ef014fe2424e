/** The policy that a recipe of either kind trains on this machine: its base model with all weights, or with an adapter. */
import { UserError } from '../../base/errors.js'
import { isAdapterDirectory } from '../../model/lora/adapter-config.js'
import { loraSettings } from '../../model/lora/section.js'
import type { OpenModel } from '../../model/types.js'
import type { PolicyOptions } from '../backend-kind.js'
import { type LocalBackend, openLocalBackend } from './backend.js'

/** @throws UserError for a model that cannot be had, and for an adapter in a model's place */
export async function openLocalPolicy(policy: PolicyOptions, signal?: AbortSignal): Promise<LocalBackend> {
  requireBase(policy)
  const { model: reference, device, dtype, threads } = policy
  const adapter = policy.lora?.from
  const lora = loraSettings(policy)
  const { optimizerDevice } = policy.train
  const options = { device, dtype, threads, signal, adapter, lora, optimizerDevice }
  const backend = await openLocalBackend(reference, options)
  try {
    requireBase(policy, backend.model)
  } catch (error) {
    await backend.close()
    throw error
  }
  return backend
}

/**
 * An adapter opens as a model, but only its recipe can say whether to go on with it or to leave it out. What the hub has by
 * that name is known once it is `opened`.
 */
export function requireBase(
  { model, lora }: Pick<PolicyOptions, 'model' | 'lora'>,
  opened: Pick<OpenModel, 'adapter'> = {},
): void {
  const given = opened.adapter !== undefined && lora?.from === undefined
  if (!given && !isAdapterDirectory(model)) return
  throw new UserError(`model: ${model} is a PEFT adapter`, {
    hint: 'set model to its base and lora.from to the adapter, or merge it first: isentrope merge --help',
  })
}
