/** A model in the engine's thread: what sampling and scoring need of it. */
import { attentionText, chooseAttention } from '../model/attention/choice.js'
import { Decoder } from '../model/decoder.js'
import { Lora, type LoraInit } from '../model/lora/lora.js'
import { openLocalModel } from '../model/open.js'
import type { OpenModel } from '../model/types.js'
import { type Device, type Dtype, native, parseDevice, requireDevice, transfersText } from '../torch/index.js'
import type { CallContext } from '../torch/thread.js'
import { type AlternativesCall, alternativesOf } from './alternatives.js'
import { sampleCompletions } from './sampler.js'
import { type ScoreGroup, scoreCompletions, scoreSequence } from './scoring.js'
import type { SamplePrompt, SamplingOptions } from './types.js'

export interface ModelInit {
  /** A local directory or `.gguf` file. */
  path: string
  device: string
  dtype: Dtype
  adapter?: LoraInit
}

export interface SampleCall {
  prompts: SamplePrompt[]
  options: SamplingOptions
  /** Send every token as it is drawn. */
  stream?: boolean
}

export type SampleEvent =
  | { kind: 'progress'; tokens: number; completions: number }
  | { kind: 'token'; prompt: number; sample: number; token: number }

/** What the engine says of itself. */
export interface EngineInfo {
  parameters: number
  threads: number
  engine: string
  /** Which attention packed rows go through, and why that one. */
  attention: string
  /** How numbers travel between the host and an accelerator, and why so. */
  transfers?: string
}

/** Milliseconds between progress events. */
const progressInterval = 200

export class ModelService {
  readonly model: Decoder
  /** In force on the model; it is not merged into the weights (docs/lora.md). */
  protected readonly adapter: Lora | undefined
  protected readonly opened: OpenModel
  protected readonly device: Device

  constructor({ path, device, dtype, adapter }: ModelInit) {
    this.opened = openLocalModel(path)
    this.device = parseDevice(device)
    requireDevice(this.device)
    this.model = Decoder.load(this.opened.config, this.opened.tensors, this.device, dtype)
    this.opened.tensors.close()
    this.adapter = adapter && Lora.open(this.model, adapter)
  }

  info(): EngineInfo {
    return {
      parameters: this.model.parameterCount,
      threads: native().threads(),
      engine: native().version,
      attention: attentionText(chooseAttention(this.model)),
      transfers: transfersText(this.device),
    }
  }

  sample({ prompts, options, stream }: SampleCall, { emit, cancelled }: CallContext) {
    let last = 0
    return sampleCompletions(this.model, prompts, options, {
      decode: (ids) => this.opened.tokenizer.decode(ids),
      cancelled,
      onToken: stream
        ? (prompt, sample, token) => emit({ kind: 'token', prompt, sample, token } satisfies SampleEvent)
        : undefined,
      onProgress: (done) => {
        const now = performance.now()
        if (now - last < progressInterval) return
        last = now
        emit({ kind: 'progress', ...done } satisfies SampleEvent)
      },
    })
  }

  score({ groups, temperature, tokenBudget }: { groups: ScoreGroup[]; temperature: number; tokenBudget: number }) {
    return scoreCompletions(this.model, groups, { temperature, tokenBudget })
  }

  alternatives(call: AlternativesCall) {
    return alternativesOf(this.model, call)
  }

  scoreSequence({ tokens, temperature }: { tokens: number[]; temperature: number }) {
    return scoreSequence(this.model, tokens, temperature)
  }
}
