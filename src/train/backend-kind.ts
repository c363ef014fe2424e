/** A kind of backend: one folder, and one line in backends.ts. */
import type { z } from 'zod'
import type { Kind, OptionsOf } from '../base/schema/kinds.js'
import type { LoraSection } from '../model/lora/section.js'
import type { Dtype } from '../torch/index.js'
import type { Backend } from './backend.js'
import type { BackendCapabilities } from './capabilities.js'

/** What a backend reads of a recipe to open its policy. */
export interface PolicyOptions {
  model: string
  seed: number
  device: string
  dtype: Extract<Dtype, 'float32' | 'bfloat16' | 'float16'>
  threads?: number
  lora?: LoraSection
  train: { optimizerDevice?: string }
}

export interface BackendKind<Name extends string = string, Options extends z.ZodRawShape = z.ZodRawShape>
  extends Kind<Name, Options> {
  capabilities(options: OptionsOf<Kind<Name, Options>>): BackendCapabilities
  /** For the plan: where the policy is trained, in a few words. */
  describe(options: OptionsOf<Kind<Name, Options>>): string
  /** `signal` ends a running call early, with the policy unchanged. */
  open(
    policy: PolicyOptions,
    options: OptionsOf<Kind<Name, Options>>,
    context: { signal?: AbortSignal },
  ): Promise<Backend>
}

/** Identity, with types. */
export const defineBackend = <const Name extends string, Options extends z.ZodRawShape>(
  kind: BackendKind<Name, Options>,
): BackendKind<Name, Options> => kind
