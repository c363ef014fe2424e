/** What the commands that load a model need from the rollout room. */
import type { ChatMessage } from '../model/types.js'
import type { EngineOptions } from './command.js'

export type ScoreInput = { tokens: number[] } | { prompt: string; completion: string }

/** Arrays as long as tokens; entry 0 has no prediction. Nats. */
export interface ScoreLine {
  tokens: number[]
  logprobs: (number | null)[]
  entropy: (number | null)[]
  sumP2: (number | null)[]
  sumP2LogP: (number | null)[]
  S: (number | null)[]
  expectedS: (number | null)[]
}

/** A prompt, or a chat so far; `signal` ends the completions of this prompt early. */
export type GenerateInput = ({ prompt: string } | { messages: ChatMessage[] }) & { signal?: AbortSignal }

export interface GenerateLine {
  prompt: string
  completion: string
  tokens: number[]
  logprobs: number[]
  entropy: number[]
  finish: 'stop' | 'length'
}

export interface ScoreOptions extends EngineOptions {
  temperature: number
  chat: boolean
}

export interface GenerateOptions extends EngineOptions {
  chat: boolean
  system?: string
  samples: number
  seed: number
  maxNewTokens: number
  temperature: number
  topP: number
  topK: number
  minP: number
  stop: string[]
  /** Rows at once at most; with 1, a prompt is answered before the next is asked for. */
  batchSize: number
  onToken?: (promptIndex: number, sample: number, textDelta: string) => void
}

export interface RolloutRoom {
  score(model: string, inputs: AsyncIterable<ScoreInput>, options: ScoreOptions): AsyncIterable<ScoreLine>
  generate(model: string, prompts: AsyncIterable<GenerateInput>, options: GenerateOptions): AsyncIterable<GenerateLine>
}

/** Loaded when a command needs it, so that --help stays fast. */
export async function rolloutRoom(): Promise<RolloutRoom> {
  throw new Error('no engine')
}
