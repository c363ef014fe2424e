/**
 * One optimizer step of a policy on this machine: micro-batches of packed groups, the policy head in chunks, the
 * gradients' norm, AdamW. What cannot change the result is not computed: completions without any gradient, tokens
 * behind a completion's last gradient, head rows without one.
 */
import type { Decoder } from '../../model/decoder.js'
import { PackedBatch } from '../../model/packing.js'
import type { Parameter } from '../../model/parameters.js'
import { splitByBudget } from '../../rollout/micro-batches.js'
import { packGroups } from '../../rollout/scoring.js'
import { fromIndices, indexSelect, noGrad, requireGrad, scope, type Tensor } from '../../torch/index.js'
import type {
  TokenDistribution,
  TokenUpdate,
  TrainCompletion,
  TrainGroup,
  UpdateOptions,
  UpdateResult,
} from '../backend.js'
import { tokenObjective } from '../objective.js'
import { Ledger, meanEntropyTask } from './ledger.js'
import { type LoraTraining, rowsOfSequences, withDropout } from './lora-training.js'
import { clipScale, Optimizer, type OptimizerPlace } from './optimizer.js'
import { policyHead } from './policy-head.js'
import { recordByPiece, recordWhole } from './tape.js'

/** A completion cut to the tokens that a pass is needed for. */
interface Work {
  completion: TrainCompletion
  /** Tokens up to and with the last one that needs a pass. */
  length: number
  update: TokenUpdate
  place: { group: number; completion: number }
}

export class Learner {
  readonly model: Decoder
  readonly optimizer: Optimizer
  readonly #leaves: Tensor[]
  readonly #lora: LoraTraining | undefined
  /** False while the ledger looks: the entropy is that of the policy without dropout. */
  #dropout = true

  /**
   * Trains all weights, or those of the adapter alone: then no gradient of any other exists, the head's included.
   * `place`: where the optimizer's state lies, by default with the weights.
   */
  constructor(model: Decoder, { lora, place }: { lora?: LoraTraining; place?: OptimizerPlace } = {}) {
    this.model = model
    this.#lora = lora
    const { embedding, head } = model.parameters
    const manual = new Set<Parameter>([embedding, head])
    const parameters = lora?.adapter.parameters() ?? model.list()
    this.optimizer = new Optimizer(
      parameters.map((parameter) => ({ parameter, kind: manual.has(parameter) ? 'manual' : 'autograd' })),
      place,
    )
    this.#leaves = parameters.filter((parameter) => !manual.has(parameter)).map(({ value }) => requireGrad(value))
  }

  update(groups: TrainGroup[], options: UpdateOptions, cancelled: () => boolean = () => false): UpdateResult {
    const interrupted = () => options.interruptible && cancelled()
    const began = performance.now()
    const ledger = options.ledger ? this.#openLedger(groups, options, interrupted) : undefined
    try {
      const { loss, results, work, trainedTokens, nonFinite } = this.#gather(groups, options, interrupted)
      const gradNorm = nonFinite.length > 0 ? Number.NaN : this.optimizer.norm()
      const finite = Number.isFinite(loss) && Number.isFinite(gradNorm) && nonFinite.length === 0
      const stopped = interrupted()
      const applied = finite && !stopped
      if (applied) {
        const scale = clipScale(gradNorm, options.gradClip)
        ledger?.beforeStep(scale)
        this.optimizer.step(options, scale)
      }
      this.optimizer.clearGradients()
      return {
        loss,
        gradNorm,
        applied,
        interrupted: stopped,
        ...(finite || stopped
          ? {}
          : {
              nonFinite: {
                what: nonFinite.length > 0 ? 'loss' : Number.isFinite(loss) ? 'gradient' : 'loss',
                tokens: nonFinite.length > 0 ? nonFinite : work.map(({ place }) => ({ ...place, position: 0 })),
              },
            }),
        tokens: results,
        ledger: applied ? ledger?.afterStep() : undefined,
        seconds: (performance.now() - began) / 1000,
        trainedTokens,
      }
    } finally {
      ledger?.dispose()
    }
  }

  /** The gradients of the whole batch, in the optimizer's hands. */
  #gather(groups: TrainGroup[], options: UpdateOptions, interrupted: () => boolean) {
    const { results, work, prompts } = plan(groups, options)
    const nonFinite: { group: number; completion: number; position: number }[] = []
    let loss = 0
    let trainedTokens = 0
    this.optimizer.clearGradients()
    const shaped = prompts.map(({ prompt, members }) => ({
      prompt,
      completions: members.map((member) => work[member].completion.tokens.subarray(0, work[member].length)),
    }))
    for (const batch of splitByBudget(shaped, options.tokenBudget)) {
      if (interrupted()) break
      const sequences = batch.map(({ group, completions }) => ({
        prompt: prompts[group].prompt,
        members: completions.map((i) => work[prompts[group].members[i]]),
      }))
      trainedTokens += sequences.reduce(
        (total, { prompt, members }) => members.reduce((sum, { length }) => sum + length, total + prompt.length),
        0,
      )
      loss -= this.#accumulate(sequences, options, nonFinite)
      if (nonFinite.length > 0) break
    }
    return { loss, results, work, trainedTokens, nonFinite }
  }

  #openLedger(groups: TrainGroup[], options: UpdateOptions, interrupted: () => boolean): Ledger {
    this.#dropout = false
    const { loss } = this.#gather(...meanEntropyTask(groups, options), interrupted)
    this.#dropout = true
    return new Ledger(this.model, this.optimizer, groups, options, -loss)
  }

  dispose(): void {
    this.optimizer.dispose()
  }

  #withDropout<T>(sequences: { prompt: Int32Array; members: Work[] }[], body: () => T): T {
    if (!this.#lora || !this.#dropout) return body()
    return withDropout(this.#lora, this.optimizer.count, () => rowsOfSequences(sequences), this.model.device, body)
  }

  /** Adds one micro-batch's gradients; returns its share of the objective. */
  #accumulate(
    sequences: { prompt: Int32Array; members: Work[] }[],
    options: UpdateOptions,
    nonFinite: { group: number; completion: number; position: number }[],
  ): number {
    const { model } = this
    const { embedding, head } = model.parameters
    return scope(() => {
      const layout = packGroups(
        sequences.map(({ prompt, members }) => ({
          prompt,
          // The last token's own row predicts nothing that is trained on.
          branches: members.map(({ completion, length }) => completion.tokens.subarray(0, length - 1)),
        })),
      )
      const pack = new PackedBatch(layout.groups, model.device)
      try {
        const rows: number[] = []
        const owners: { work: Work; t: number }[] = []
        sequences.forEach(({ members }, g) => {
          members.forEach((work, branch) => {
            layout.predictingRows(pack, g, branch, work.length).forEach((row, t) => {
              if (!needsPass(work.completion, t, options)) return
              rows.push(row)
              owners.push({ work, t })
            })
          })
        })
        const rows_R = fromIndices(rows, undefined, model.device)
        const pieces = pack.pieces(model)
        const finish = pieces.pop()!
        pieces.push((x_T_d) => scope(() => indexSelect(finish(x_T_d), 0, rows_R)))
        const input = { x_T_d: noGrad(() => model.embed(pack.tokens_T)), wantsGradient: !this.#lora }
        const record = options.activationCheckpointing ? recordByPiece : recordWhole
        const tape = this.#withDropout(sequences, () => record(pieces, input))
        const hidden_R_d = tape.output
        let objective = 0
        const targets = owners.map(({ work, t }) => work.completion.tokens[t])
        const dHidden = policyHead(
          hidden_R_d,
          head.value,
          targets,
          options.temperature,
          (row, { logprob, moments, centredS }) => {
            const { work, t } = owners[row]
            const { completion, update } = work
            const token = tokenObjective(
              {
                logprob,
                rolloutLogprob: completion.rolloutLogprob[t],
                ratio: completion.ratio?.[t],
                referenceLogprob: completion.referenceLogprob?.[t],
                rolloutKlCoef: completion.rolloutKlCoef?.[t],
                advantage: completion.advantage[t],
                entropy: moments.entropy,
              },
              options.objective,
            )
            const weight = completion.weight[t]
            const slope = completion.gradMask[t] ? token.slope * weight : 0
            const bonus = options.objective.entropyCoef * weight
            if (!Number.isFinite(token.value) || !Number.isFinite(slope) || !Number.isFinite(bonus)) {
              nonFinite.push({ ...work.place, position: t })
            }
            objective +=
              weight * (completion.gradMask[t] ? token.value : options.objective.entropyCoef * moments.entropy)
            update.logprob[t] = logprob
            update.slope[t] = token.slope
            update.clipped[t] = token.clipped ? 1 : 0
            if (update.kl && token.kl !== undefined) update.kl[t] = token.kl
            if (update.distribution) {
              update.distribution.entropy[t] = moments.entropy
              update.distribution.centredScore[t] = centredS
              // The likeliest token's shifted logit is exactly 0.
              update.distribution.top[t] = logprob === -moments.logA ? 1 : 0
            }
            return { slope, bonus }
          },
          this.#lora ? undefined : this.optimizer.buffer(head),
        )
        if (nonFinite.length > 0) return objective
        const collect = () => this.optimizer.collect()
        const dEmbedding = this.#withDropout(sequences, () => tape.backward(dHidden, this.#leaves, collect))
        if (dEmbedding) this.optimizer.addRows(embedding, pack.tokens_T, dEmbedding)
        return objective
      } finally {
        pack.dispose()
      }
    })
  }
}

/** Whether any term of the objective moves this token's logits, or its log-probability is asked for. */
function needsPass(completion: TrainCompletion, t: number, { objective, everyToken }: UpdateOptions): boolean {
  if (completion.weight[t] === 0) return false
  if (everyToken) return true
  if (objective.entropyCoef !== 0) return true
  if (!completion.gradMask[t]) return false
  if (completion.rolloutKlCoef && completion.rolloutKlCoef[t] !== 0) return true
  return completion.advantage[t] !== 0 || objective.klCoef > 0
}

/** What has to be computed: completions that need a pass, cut behind the last token that does, in groups that still have any. */
function plan(groups: TrainGroup[], options: UpdateOptions) {
  const work: Work[] = []
  const prompts: { prompt: Int32Array; members: number[] }[] = []
  const results = groups.map((group, g) => {
    const members: number[] = []
    const updates = group.completions.map((completion, c): TokenUpdate => {
      const { length } = completion.tokens
      const update: TokenUpdate = {
        logprob: new Float32Array(length).fill(Number.NaN),
        slope: new Float32Array(length),
        clipped: new Uint8Array(length),
        ...(completion.referenceLogprob ? { kl: new Float32Array(length).fill(Number.NaN) } : {}),
        ...(options.distributions ? { distribution: emptyDistribution(length) } : {}),
      }
      let needed = length
      while (needed > 0 && !needsPass(completion, needed - 1, options)) needed--
      if (needed > 0) {
        members.push(work.length)
        work.push({ completion, length: needed, update, place: { group: g, completion: c } })
      }
      return update
    })
    if (members.length > 0) prompts.push({ prompt: group.prompt, members })
    return updates
  })
  return { results, work, prompts }
}

const emptyDistribution = (length: number): TokenDistribution => ({
  entropy: new Float32Array(length).fill(Number.NaN),
  centredScore: new Float32Array(length).fill(Number.NaN),
  top: new Uint8Array(length),
})
