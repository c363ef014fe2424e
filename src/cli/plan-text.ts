import { noneMethod } from '../entropy/methods/none.js'
import { givenOptions, namedMethods, replacesPpoClip } from '../entropy/methods/recipe-keys.js'
import type { EntropyTarget } from '../entropy/target.js'
import { loraSettings } from '../model/lora/section.js'
import type { DecoderConfig } from '../model/types.js'
import type { Recipe } from '../recipe/schema.js'
import { formatBytes, formatCompact, formatCount, formatCounted, formatNumber } from '../report/format.js'
import { describeSampler } from '../rollout/samplers.js'
import { type DeviceMemory, type MemoryParts, phaseOf } from '../run/plan/devices.js'
import { adapterSize } from '../run/plan/memory.js'
import type { MemoryEstimate } from '../run/plan/micro-batch.js'
import type { Plan } from '../run/plan/plan.js'
import type { DtypeChoice } from '../run/plan/resolve-dtype.js'
import { backendCapabilities, describeBackend } from '../train/backends.js'
import { type CriticSection, criticLr } from '../train/ppo/section.js'
import { planLines } from './plan-lines.js'

function targetText(target: EntropyTarget): string {
  if (typeof target === 'number') return `target ${formatNumber(target)} nats`
  if (!Array.isArray(target)) {
    const { from, to, steps } = target
    return `target ${formatNumber(from)} to ${formatNumber(to)} nats over ${steps} steps`
  }
  return `target ${target.map(([step, nats]) => `${formatNumber(nats)} nats at step ${step}`).join(', ')}`
}

export const modelText = ({
  reference,
  parameters,
  config,
}: Pick<Plan['model'], 'reference' | 'parameters' | 'config'>) =>
  `${reference}: ${config.family}, ${formatCompact(parameters)} parameters, ${config.layers} layers, ` +
  `vocabulary ${formatCount(config.vocabSize)}`

/** What is trained of a model whose weights stay as they are. */
export function adapterRows(recipe: Pick<Recipe, 'lora' | 'seed'>, config: DecoderConfig): [string, string][] {
  const settings = loraSettings(recipe)
  if (settings === undefined) return []
  const { create, dropout } = settings
  const dropped = dropout === undefined ? '' : `, dropout ${formatNumber(dropout.rate)}`
  if (create === undefined) return [['adapter', `LoRA from ${recipe.lora!.from}${dropped}`]]
  const { rank, alpha, rankStabilized, targets } = create
  return [
    [
      'adapter',
      `LoRA, rank ${rank}, alpha ${formatNumber(alpha)}${rankStabilized ? ' (rank-stabilized)' : ''}${dropped}, on ` +
        `${targets === 'all-linear' ? 'all linear layers' : targets.join(', ')}: ` +
        `${formatCompact(adapterSize(recipe, config))} parameters`,
    ],
  ]
}

export function entropyText({ entropy }: Pick<Recipe, 'entropy'>): string {
  const methods = namedMethods(entropy.method)
  if (methods.length === 0) return noneMethod.name
  const said = methods.map(({ name, options }) => {
    const given = options && givenOptions(options, entropy)
    return { name, ...(given && options?.plan?.(given)) }
  })
  const valueText = (value: number | string) =>
    typeof value === 'string' ? value : value === Infinity ? 'open' : formatNumber(value)
  return [
    said.map(({ name, detail }) => (detail ? `${name} (${detail})` : name)).join(' + '),
    ...(entropy.target === undefined ? [] : [targetText(entropy.target)]),
    ...said.flatMap(({ settings = [] }) =>
      settings.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${valueText(value)}`])),
    ),
  ].join(', ')
}

function algorithmText({ algorithm, critic, entropy }: Recipe): string {
  const clip = (value: number) => (value === Infinity ? 'off' : formatNumber(value))
  return [
    `${algorithm.name}, ${critic ? gaeText(critic) : algorithm.advantage} advantages, ${algorithm.aggregation} mean`.replace(
      'constant mean',
      'constant divisor',
    ),
    ...(replacesPpoClip(entropy.method) === undefined
      ? [`clip -${clip(algorithm.clipLow)} +${clip(algorithm.clipHigh)}`]
      : []),
    ...(algorithm.klCoef > 0 ? [klText(algorithm)] : []),
    ...(algorithm.entropyCoef !== 0 ? [`entropy bonus ${formatNumber(algorithm.entropyCoef)}`] : []),
  ].join(', ')
}

const gaeText = ({ gamma, lambda, whiten }: CriticSection): string =>
  `GAE (gamma ${formatNumber(gamma)}, lambda ${formatNumber(lambda)}${whiten ? ', whitened' : ''})`

function klText({ klCoef, klIn, klEstimator, klTarget }: Recipe['algorithm']): string {
  const where = klIn === 'reward' ? 'in the reward' : klEstimator
  const aim = klTarget === undefined ? '' : `, adapted to ${formatNumber(klTarget)} nats`
  return `KL ${formatNumber(klCoef)} (${where}${aim})`
}

function criticText(critic: CriticSection): string {
  return [
    critic.trunk === 'own' ? 'own trunk' : 'head on the frozen starting policy',
    `lr ${formatNumber(criticLr(critic))}`,
    `value clip ${critic.valueClip === Infinity ? 'off' : formatNumber(critic.valueClip)}`,
    ...(critic.warmupSteps > 0 ? [`alone for ${critic.warmupSteps} steps`] : []),
  ].join(', ')
}

const partNames: [keyof MemoryParts, string][] = [
  ['process', 'process'],
  ['transfer', 'a tensor on its way'],
  ['weights', 'weights'],
  ['adapter', 'adapter'],
  ['optimizer', 'optimizer'],
  ['reference', 'reference'],
  ['critic', 'critic'],
  ['head', 'head'],
  ['workspace', 'workspace'],
  ['packed', 'packed weights'],
  ['cache', 'cache'],
  ['activations', 'activations'],
  ['masks', 'masks'],
  // Those that are there at the same time (run/plan-memory.ts).
  ['gradients', 'gradients beside them'],
]

function deviceText({ parts, total, available }: DeviceMemory): string {
  const list = (phase: string | undefined) =>
    partNames
      .filter(([name]) => phaseOf(name) === phase && (parts[name] ?? 0) > 0)
      .map(([name, text]) => `${text} ${formatBytes(parts[name])}`)
      .join(', ')
  const turns = ['sampling', 'updating'].flatMap((phase) =>
    list(phase) === '' ? [] : [`while ${phase} ${list(phase)}`],
  )
  const free = available === undefined ? ', free unknown here' : ` of ${formatBytes(available)} free`
  return `about ${formatBytes(total)}${free} (${list(undefined)}${turns.length > 0 ? `; and ${turns.join(', ')}` : ''})`
}

/** A line per device, then the token budget that its memory has room for. */
export function memoryRows(memory: MemoryEstimate | undefined): [string, string][] {
  if (memory === undefined) return []
  const { devices, largestTokenBudget } = memory
  const rows = devices.map((device, index): [string, string] => [
    index === 0 ? 'memory' : '',
    `${devices.length > 1 ? `${device.device}: ` : ''}${deviceText(device)}`,
  ])
  return largestTokenBudget === undefined
    ? rows
    : [...rows, ['', `train.tokenBudget up to ${formatCount(largestTokenBudget)} fits`]]
}

/** Where the run computes, in what, and how its type was chosen. */
export function engineText({
  device,
  dtype,
  dtypeChoice,
  threads,
  absent,
}: Pick<Plan, 'device' | 'dtype' | 'dtypeChoice' | 'threads'> & { absent?: string }): string {
  const choice = dtypeChoice ? ` (auto: ${choiceText(dtypeChoice)})` : ''
  return `${device}, ${dtype}${choice}, ${formatCounted(threads, 'thread')}${absent ? `; ${absent}` : ''}`
}

function choiceText(choice: DtypeChoice): string {
  if (choice.by === 'run') return 'as the run began'
  const { float32, bfloat16 } = choice.secondsPerToken
  const micro = (seconds: number) => formatNumber(seconds * 1e6)
  return `a token takes a layer's products ${micro(float32)} us in float32, ${micro(bfloat16)} us in bfloat16`
}

/** Who trains and who samples, where the recipe says it. */
export function kindRows({ backend, sampler }: Pick<Recipe, 'backend' | 'sampler'>): [string, string][] {
  const exact = backendCapabilities(backend).resumesBitForBit ? '' : ', resumes, but not bit for bit'
  return [
    ...(backend ? [['backend', `${backend.kind}: ${describeBackend(backend)}${exact}`] as [string, string]] : []),
    ...(sampler ? [['sampler', `${sampler.kind}: ${describeSampler(sampler)}`] as [string, string]] : []),
  ]
}

/** What the run is going to do, a line per question that a user asks before starting it. */
export function planText(recipe: Recipe, plan: Plan, place: string, columns?: number): string {
  const { train, rollout, checkpoint } = recipe
  const evaluation = recipe.eval
  const rows: [string, string][] = [
    ['model', `${modelText(plan.model)}${plan.model.weightsHere ? '' : '; its weights are not on this machine'}`],
    ...adapterRows(recipe, plan.model.config),
    ['task', recipe.task.name],
    ['engine', engineText(plan)],
    [
      'step',
      `${formatCounted(rollout.promptsPerStep, 'prompt')} x ${formatCounted(rollout.samplesPerPrompt, 'sample')} of at most ${rollout.maxNewTokens} ` +
        `tokens${rollout.dynamicSampling ? `, ${rollout.dynamicSampling.maxTries} more rounds at most` : ''}: ` +
        `up to ${formatCount(plan.tokensPerStep)} tokens, ${formatCounted(plan.updatesPerStep, 'optimizer update')}`,
    ],
    ...kindRows(recipe),
    ['algorithm', algorithmText(recipe)],
    ...(recipe.critic ? [['critic', criticText(recipe.critic)] as [string, string]] : []),
    ['entropy', entropyText(recipe)],
    [
      'optimizer',
      `AdamW, lr ${formatNumber(train.lr)} ${train.schedule}` +
        `${train.warmupSteps > 0 ? ` after ${train.warmupSteps} steps of warm-up` : ''}`,
    ],
    [
      'length',
      `${formatCounted(plan.steps, 'step')}, a checkpoint every ${checkpoint.every} (kept: the last ${checkpoint.keep} and the best)` +
        `${evaluation ? `, evaluation every ${evaluation.every} (${evaluation.problems} x ${evaluation.samples})` : ''}` +
        `${recipe.ledger ? `, the ledger every ${recipe.ledger.every}` : ''}`,
    ],
    ...memoryRows(plan.memory),
    ['run', place],
  ]
  return planLines([...rows, ...plan.warnings.map((warning) => ['warning:', warning] as const)], columns)
}
