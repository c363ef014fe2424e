/** The model families. To add one, write its file and add it here (CONTRIBUTING.md, "Add a model family"). */
import type { ModelFamily } from './family.js'
import { internlm2 } from './internlm2.js'
import { internlm3 } from './internlm3.js'
import { llama } from './llama.js'
import { qwen2 } from './qwen2.js'
import { qwen3 } from './qwen3.js'

const list = [llama, qwen2, qwen3, internlm2, internlm3] as const

export type FamilyName = (typeof list)[number]['name']
export const families: readonly ModelFamily<FamilyName>[] = list

/** A family by the name that a {@link DecoderConfig} carries. */
export const familyOf = ({ family }: { family: FamilyName }): ModelFamily<FamilyName> =>
  families.find(({ name }) => name === family)!
