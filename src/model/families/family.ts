import type { Fields } from '../config-fields.js'
import type { JsonObject } from '../json.js'
import type { DecoderShape } from '../types.js'

/** Rows [from, from + count) of the stored tensor are the canonical tensor's next rows. */
export type RowRange = readonly [from: number, count: number]

/** Where a canonical tensor lies: a whole stored tensor, or the given rows of one, in order. */
export interface StoredTensor {
  name: string
  /** Shape of the whole stored tensor. */
  shape: readonly number[]
  rows?: readonly RowRange[]
}

/** What a family decides about the shape of a model. */
export interface FamilySettings {
  /** Biases of queries, keys, and values; of the attention's output; of the MLP. */
  qkvBias: boolean
  outputBias: boolean
  mlpBias: boolean
  /** Whether every head's query and key pass through an RMS norm before rotation. Default: no. */
  qkNorm?: boolean
  /** `head_dim` if the config leaves it out. Default: hidden_size / num_attention_heads. */
  headDim?: number
}

/** How GGUF files hold a family. Tensor names and sizes are the same for all of them (gguf/tensors.ts, gguf/config.ts). */
export interface GgufFamily {
  /** `general.architecture`, also the prefix of the metadata's keys. */
  architecture: string
  /** Rows of query and key projections lie in pairs, as llama.cpp rotates them for some architectures. */
  pairedRows: boolean
  /**
   * The family's own fields of `config.json`, which GGUF has no key for. `has` says whether a tensor is in the file, by
   * its name in the first layer (`attn_q.bias`).
   */
  fields(has: (tensor: string) => boolean): JsonObject
}

/**
 * A family of models: all that tells its checkpoints from those of another. Everything else about a dense decoder (RMS
 * norms, rotary positions, grouped queries, a gated MLP) is shared.
 */
export interface ModelFamily<Name extends string = string> {
  /** `model_type` in `config.json`, and the name that commands print. */
  name: Name
  /** The class in `architectures` (compared without case). A model that comes from a GGUF file is saved as this class. */
  architecture: string
  /** For the table in docs/models.md: the family, and published models of it. */
  title: string
  models: string
  /** One sentence for the same table: what is special about its files. */
  notes: string
  /**
   * Reads the fields of `config.json` that only this family has.
   * @throws UserError for what this decoder does not compute
   */
  read(config: Fields): FamilySettings
  /** Where a Hugging Face directory keeps a canonical tensor. Default: under its canonical name. */
  stored?(shape: DecoderShape): (name: string, shape: readonly number[]) => StoredTensor
  /** Absent: GGUF files of the family are refused. */
  gguf?: GgufFamily
}

/** Types a family, its name as a literal. */
export const defineFamily = <const Name extends string>(family: ModelFamily<Name>): ModelFamily<Name> => family
