/**
 * Samples many completions at once. A prompt is computed once and shared by its group; rows that finish make room for
 * waiting completions at once, and where none wait the batch shrinks. What is drawn depends on (seed, step, prompt
 * key, sample, position) alone; the batch only decides what is computed together.
 */

import { uniform } from '../base/philox.js'
import { KeyValueCache, type PromptCache } from '../model/cache.js'
import type { Decoder } from '../model/decoder.js'
import { withPackedWeights } from '../model/packed-weights.js'
import { PackedBatch } from '../model/packing.js'
import {
  add,
  cat,
  clone,
  fromIndices,
  full,
  gather,
  indexSelect,
  keep,
  narrow,
  noGrad,
  scope,
  type Tensor,
  toDtype,
} from '../torch/index.js'
import { DeviceDraw } from './device-draw.js'
import { drawTokens, truncate, truncates } from './draw.js'
import { nonFiniteLogits } from './not-finite.js'
import { requireKnownTokens, requirePositions } from './positions.js'
import { emptyStatistics, policyLogits, setStatistics } from './statistics.js'
import {
  type RowMoments,
  type RowSums,
  rowMoments,
  rowSums,
  type ShiftedTensors,
  shiftedTensors,
} from './tensor-moments.js'
import {
  type Completion,
  type FinishReason,
  type RolloutStatistics,
  type SamplePrompt,
  type SamplingOptions,
  statisticNames,
  type TokenStatistics,
} from './types.js'

export interface SamplerHooks {
  /** Text of ids; needed for stop strings. */
  decode?: (ids: ArrayLike<number>) => string
  onToken?: (prompt: number, sample: number, token: number) => void
  onProgress?: (done: { tokens: number; completions: number }) => void
  /** For tests: draws as on an accelerator, or as on the processor. */
  drawOnDevice?: boolean
  /** Ends all rows as they stand (finish `length`) when it returns true. */
  cancelled?: () => boolean
}

interface Row {
  prompt: number
  sample: number
  tokens: number[]
  statistics: TokenStatistics
  maxNewTokens: number
}

/** Tokens whose text a stop string is looked for in, counted back from the newest. */
const stopStringTail = 48

export function sampleCompletions(
  model: Decoder,
  prompts: SamplePrompt[],
  options: SamplingOptions,
  hooks: SamplerHooks = {},
): { completions: Completion[]; statistics: RolloutStatistics } {
  const sampler = new Sampler(model, prompts, options, hooks)
  return noGrad(() => withPackedWeights(model, sampler.longestCompletion, () => sampler.run()))
}

class Sampler {
  readonly #model: Decoder
  readonly #prompts: SamplePrompt[]
  readonly #options: SamplingOptions
  readonly #hooks: SamplerHooks
  readonly #stopTokens: Set<number>
  readonly #waiting: { prompt: number; sample: number }[] = []
  readonly #prefilled = new Map<number, { cache: PromptCache; hidden_1_d: Tensor; users: number }>()
  readonly #finished: Completion[] = []
  #rows: (Row | undefined)[] = []
  #cache: KeyValueCache | undefined
  #tokens = 0
  #edgeDraws = 0
  #cutMass = 0
  /** Where the host is far: one look at the device per token. */
  #deviceDraw: DeviceDraw | undefined

  constructor(model: Decoder, prompts: SamplePrompt[], options: SamplingOptions, hooks: SamplerHooks) {
    this.#model = model
    this.#prompts = prompts
    this.#options = options
    this.#hooks = hooks
    this.#stopTokens = new Set(options.stopTokens)
    for (const [index, { tokens }] of prompts.entries()) {
      const maxNewTokens = this.#maxNewTokens(index)
      requireKnownTokens(model.config, `prompt ${index}`, tokens)
      requirePositions(model.config, { prompt: `prompt ${index}`, length: tokens.length, maxNewTokens })
      for (let sample = 0; sample < options.samplesPerPrompt; sample++) this.#waiting.push({ prompt: index, sample })
    }
    if (options.stopStrings.length > 0 && !hooks.decode) throw new Error('stop strings need a decoder')
  }

  /** Tokens of the longest completion asked for: decoding steps, unless all rows end before. */
  get longestCompletion(): number {
    return Math.max(0, ...this.#prompts.map((_, index) => this.#maxNewTokens(index)))
  }

  run(): { completions: Completion[]; statistics: RolloutStatistics } {
    const began = performance.now()
    const count = Math.min(this.#options.batchSize, this.#waiting.length)
    const longest = Math.max(0, ...this.#prompts.map(({ tokens }) => tokens.length))
    try {
      if (count > 0) {
        const { config, device, dtype } = this.#model
        const far = this.#hooks.drawOnDevice ?? device.type !== 'cpu'
        if (far) this.#deviceDraw = new DeviceDraw(config.vocabSize, device)
        this.#cache = new KeyValueCache(config, device, dtype, count, longest, this.#options.maxNewTokens)
        this.#rows = new Array(count).fill(undefined)
        this.#admitWaiting()
        while (this.#rows.some((row) => row)) {
          if (this.#hooks.cancelled?.()) this.#stopAll()
          else {
            this.#step()
            this.#admitWaiting()
            this.#shrink()
          }
        }
      }
    } finally {
      this.#cache?.dispose()
      this.#deviceDraw?.dispose()
      for (const { cache, hidden_1_d } of this.#prefilled.values()) disposePrompt(cache, hidden_1_d)
    }
    const { samplesPerPrompt } = this.#options
    this.#finished.sort((a, b) => (a.prompt - b.prompt) * samplesPerPrompt + (a.sample - b.sample))
    return {
      completions: this.#finished,
      statistics: {
        promptTokens: this.#prompts.reduce((total, { tokens }) => total + tokens.length, 0),
        completionTokens: this.#tokens,
        seconds: (performance.now() - began) / 1000,
        truncatedMass: truncates(this.#options) && this.#tokens > 0 ? this.#cutMass / this.#tokens : undefined,
        edgeDraws: this.#edgeDraws,
      },
    }
  }

  #maxNewTokens(prompt: number): number {
    const { maxNewTokens } = this.#options
    return Math.min(this.#prompts[prompt].maxNewTokens ?? maxNewTokens, maxNewTokens)
  }

  /** Fills idle rows with waiting completions, whose first tokens come from their prompts' last rows. */
  #admitWaiting(): void {
    // A first token may end its completion at once, so that its row is free again.
    for (;;) {
      const idle = this.#rows.flatMap((row, index) => (row ? [] : [index]))
      const jobs = this.#waiting.splice(0, idle.length)
      if (jobs.length === 0) return
      this.#prefill([...new Set(jobs.map(({ prompt }) => prompt))].filter((prompt) => !this.#prefilled.has(prompt)))
      const admitted = jobs.map(({ prompt, sample }, i) => {
        const maxNewTokens = this.#maxNewTokens(prompt)
        const row: Row = { prompt, sample, tokens: [], statistics: emptyStatistics(maxNewTokens), maxNewTokens }
        this.#rows[idle[i]] = row
        this.#cache!.admit(idle[i], this.#prefilled.get(prompt)!.cache)
        return idle[i]
      })
      scope(() => {
        const prompts = [...new Set(jobs.map(({ prompt }) => prompt))]
        const slots = new Map(prompts.map((prompt, i) => [prompt, i]))
        const hidden = cat(
          prompts.map((prompt) => this.#prefilled.get(prompt)!.hidden_1_d),
          0,
        )
        const index = fromIndices(
          jobs.map(({ prompt }) => slots.get(prompt)!),
          undefined,
          this.#model.device,
        )
        this.#draw(admitted, () => indexSelect(hidden, 0, index))
      })
      for (const { prompt } of jobs) this.#leavePrompt(prompt)
    }
  }

  /** Computes prompts, a bounded number of tokens at a time. */
  #prefill(prompts: number[]): void {
    const limit = 8192
    for (let from = 0; from < prompts.length; ) {
      let to = from
      let tokens = 0
      while (to < prompts.length && (to === from || tokens + this.#prompts[prompts[to]].tokens.length <= limit)) {
        tokens += this.#prompts[prompts[to++]].tokens.length
      }
      this.#prefillTogether(prompts.slice(from, to))
      from = to
    }
  }

  #prefillTogether(prompts: number[]): void {
    scope(() => {
      const pack = new PackedBatch(
        prompts.map((prompt) => ({ prompt: this.#prompts[prompt].tokens, branches: [] })),
        this.#model.device,
      )
      const caches: PromptCache[] = prompts.map((prompt) => ({
        length: this.#prompts[prompt].tokens.length,
        layers: [],
      }))
      try {
        const hidden = pack.forward(this.#model, this.#model.embed(pack.tokens_T), (_layer, keys, values) => {
          caches.forEach((cache, g) => {
            const own = (x: Tensor) => keep(clone(narrow(x, 0, pack.promptStart(g), cache.length)))
            cache.layers.push({ keys: own(keys), values: own(values) })
          })
        })
        prompts.forEach((prompt, g) => {
          const last = pack.promptStart(g) + caches[g].length - 1
          const hidden_1_d = keep(clone(narrow(hidden, 0, last, 1)))
          this.#prefilled.set(prompt, { cache: caches[g], hidden_1_d, users: this.#options.samplesPerPrompt })
        })
      } finally {
        pack.dispose()
      }
    })
  }

  #leavePrompt(prompt: number): void {
    const entry = this.#prefilled.get(prompt)!
    if (--entry.users > 0) return
    disposePrompt(entry.cache, entry.hidden_1_d)
    this.#prefilled.delete(prompt)
  }

  /** One token for every row. */
  #step(): void {
    const { device } = this.#model
    scope(() => {
      const newest = this.#rows.map((row) => row?.tokens.at(-1) ?? 0)
      const positions = this.#rows.map((_, index) => this.#cache!.length(index))
      const cis = this.#model.rotations(fromIndices(positions, undefined, device), Math.max(...positions))
      const x = this.#model.embed(fromIndices(newest, undefined, device))
      this.#draw(
        this.#rows.map((_, index) => index),
        () => {
          const hidden = this.#model.hidden(x, cis, this.#cache!.attend())
          this.#cache!.advance()
          return hidden
        },
      )
    })
    this.#hooks.onProgress?.({ tokens: this.#tokens, completions: this.#finished.length })
  }

  /** Draws the next token of `rows` (idle ones are skipped) from the hidden states, in that order. */
  #draw(rows: number[], hidden: () => Tensor): void {
    const { temperature, seed, step } = this.#options
    scope(() => {
      const uniforms = rows.map((index) => {
        const row = this.#rows[index]
        return row ? uniform(seed, step, this.#prompts[row.prompt].key, row.sample, row.tokens.length) : 0.5
      })
      const sent = this.#deviceDraw?.send(uniforms)
      const shifted = shiftedTensors(policyLogits(this.#model, hidden(), temperature))
      shifted.expX_R_V.dispose()
      const { moments, tokens, weights, edgeDraws, kept } = sent
        ? this.#drawOnDevice(shifted, rows, sent)
        : this.#drawOnHost(shifted, rows, uniforms)
      this.#edgeDraws += edgeDraws
      rows.forEach((index, r) => {
        if (!this.#rows[index]) return
        if (kept) this.#cutMass += Math.max(0, 1 - kept[r])
        setStatistics(this.#rows[index].statistics, this.#rows[index].tokens.length, moments[r], Math.log(weights[r]))
        this.#accept(index, tokens[r])
      })
    })
  }

  #drawOnDevice(shifted: ShiftedTensors, rows: number[], sent: Tensor) {
    const { weights_R_V, kept_R_1 } = this.#truncated(shifted)
    const { sums, ...drawn } = this.#deviceDraw!.draw(weights_R_V, sent, shifted.sums_R_5, kept_R_1)
    return { ...drawn, moments: this.#finiteMoments(rows, sums) }
  }

  #drawOnHost(shifted: ShiftedTensors, rows: number[], uniforms: number[]) {
    const moments = this.#finiteMoments(rows, rowSums(shifted.sums_R_5.toFloat32Array(), uniforms.length, 5))
    const { weights_R_V, kept_R_1 } = this.#truncated(shifted)
    const { tokens, edgeDraws } = drawTokens(weights_R_V, uniforms)
    const weights = sampledWeights(weights_R_V, tokens)
    return { moments, tokens, edgeDraws, weights, kept: kept_R_1 && toDtype(kept_R_1, 'float32').toFloat32Array() }
  }

  /** e^x without what top-k, top-p and min-p cut, and its share of all where they do. */
  #truncated({ exp_R_V, sums_R_5 }: ShiftedTensors): { weights_R_V: Tensor; kept_R_1?: Tensor } {
    if (!truncates(this.#options)) return { weights_R_V: exp_R_V }
    const tail_R_1 = toDtype(narrow(sums_R_5, 1, 0, 1), 'float64')
    const one = full([], 1, { dtype: 'float64', device: exp_R_V.device })
    return truncate(exp_R_V, add(tail_R_1, one), this.#options)
  }

  /** The moments of `rows`, which must be numbers; idle rows compute what nobody looks at. */
  #finiteMoments(rows: number[], sums: readonly RowSums[]): RowMoments[] {
    const moments = sums.map(rowMoments)
    const broken = rows.flatMap((index, r) => {
      const row = this.#rows[index]
      if (!row || Number.isFinite(moments[r].entropy)) return []
      return `prompt ${row.prompt}, sample ${row.sample}, token ${row.tokens.length}`
    })
    if (broken.length > 0) throw nonFiniteLogits(broken)
    return moments
  }

  #accept(index: number, token: number): void {
    const row = this.#rows[index]!
    row.tokens.push(token)
    this.#tokens++
    this.#hooks.onToken?.(row.prompt, row.sample, token)
    if (this.#stopTokens.has(token) || this.#meetsStopString(row)) this.#finish(index, 'stop')
    else if (row.tokens.length >= row.maxNewTokens) this.#finish(index, 'length')
  }

  #meetsStopString(row: Row): boolean {
    const { stopStrings } = this.#options
    if (stopStrings.length === 0) return false
    const tail = this.#hooks.decode!(row.tokens.slice(-stopStringTail))
    return stopStrings.some((text) => tail.includes(text))
  }

  #finish(index: number, finish: FinishReason): void {
    const { prompt, sample, tokens, statistics } = this.#rows[index]!
    this.#rows[index] = undefined
    this.#cache!.release(index)
    const trimmed = Object.fromEntries(statisticNames.map((name) => [name, statistics[name].slice(0, tokens.length)]))
    this.#finished.push({
      prompt,
      sample,
      tokens: Int32Array.from(tokens),
      finish,
      ...(trimmed as unknown as TokenStatistics),
    })
  }

  #stopAll(): void {
    this.#waiting.length = 0
    this.#rows.forEach((row, index) => {
      if (row) this.#finish(index, 'length')
    })
  }

  /** Drops idle rows once they are a quarter of the batch and nothing waits for them. */
  #shrink(): void {
    const active = this.#rows.flatMap((row, index) => (row ? [index] : []))
    if (active.length === 0 || active.length > this.#rows.length * 0.75) return
    this.#cache!.retain(active)
    this.#rows = active.map((index) => this.#rows[index])
  }
}

/** e^x of each row's sampled token. */
function sampledWeights(weights_R_V: Tensor, tokens: Int32Array): Float32Array {
  const index = fromIndices(tokens, [tokens.length, 1], weights_R_V.device)
  return gather(weights_R_V, 1, index).toFloat32Array()
}

function disposePrompt(cache: PromptCache, hidden_1_d: Tensor): void {
  hidden_1_d.dispose()
  for (const { keys, values } of cache.layers) {
    keys.dispose()
    values.dispose()
  }
}
