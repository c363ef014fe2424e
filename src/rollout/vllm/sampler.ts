/** A {@link Sampler} on vLLM servers: they get the weights through a directory, and importance weights correct for the difference. */
import { basename, dirname, join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { truncatedImportance } from '../importance.js'
import { measured } from '../measure.js'
import type { ExactSampler, Sampler, SamplerContext } from '../sampler-kind.js'
import { ServerGroup, type VllmSetting } from './group.js'
import type { VllmOptions } from './kind.js'
import { trainerProbe } from './probe.js'
import type { Sync } from './server.js'
import { WeightFiles } from './weights.js'

const tiedHead =
  "the model's output head is its embedding, which vLLM 0.32 on a CPU does not read again under sampler.sync: reload; watch " +
  'gap_mean (docs/engines.md)'

/** @throws UserError where no server answers as vLLM does, or the recipe and `sync` do not fit */
export async function openVllmSampler(
  options: VllmOptions,
  context: SamplerContext,
  setting: VllmSetting = {},
): Promise<Sampler> {
  const { model, reference, signal } = context
  const { timeout, patience } = options
  const sync = syncOf(options, context)
  const files = new WeightFiles(rootOf(options, context))
  const group = new ServerGroup({ urls: [options.url].flat(), model, timeout, patience, signal }, setting)
  await group.connect()
  await files.keepOnly(undefined)
  let unsaid = sync === 'reload' && model.config.tieWordEmbeddings === true
  return {
    async sync(weights) {
      const probe = await trainerProbe(context)
      const version = await files.write(weights)
      await group.take({ sync, version, probe, reference, prefix: files.prefix, timeout })
      await files.keepOnly(version)
    },
    sample: group.sample,
    correct: (completions) => truncatedImportance(completions, options.importance),
    hear(listener) {
      if (unsaid) listener(tiedHead)
      unsaid = false
      group.hear(listener)
    },
    async close() {
      await group.close()
      await files.keepOnly(undefined)
    },
  }
}

/** Seconds for one completion, and without any server, outside of a recipe. */
const servedLimits = { timeout: 600, patience: 60 }
/** Tokens scored at once. */
const scoringBudget = 4096

/**
 * Draws from a model that servers hold already, as they were started with it. The same model here scores what they draw, so
 * completions have its log-probabilities and moments.
 * @throws UserError where no server answers as vLLM does, or holds another model
 */
export async function openServed(
  urls: readonly string[],
  context: Pick<SamplerContext, 'model' | 'score' | 'reference' | 'signal'>,
  setting: VllmSetting = {},
): Promise<ExactSampler & { close(): Promise<void> }> {
  const { model, score, reference, signal } = context
  const group = new ServerGroup({ urls, model, signal, ...servedLimits }, setting)
  try {
    await group.connect()
    await group.take({ sync: 'none', probe: await trainerProbe(context), reference, timeout: servedLimits.timeout })
  } catch (error) {
    await group.close()
    throw error
  }
  return {
    async sample(prompts, options, onProgress) {
      const { completions, statistics } = await group.sample(prompts, options, onProgress)
      const { temperature } = options
      const exact = await measured(prompts, completions, (groups) =>
        score(groups, { temperature, tokenBudget: scoringBudget }),
      )
      return { completions: exact, statistics }
    },
    close: () => group.close(),
  }
}

function syncOf({ sync }: VllmOptions, { adapter }: SamplerContext): Sync {
  if (sync === 'lora' && !adapter) {
    throw new UserError('sampler.sync is lora, and the recipe trains all weights', {
      hint: 'add a lora section, or set sampler.sync: reload',
    })
  }
  if (sync === 'reload' && adapter) {
    throw new UserError('sampler.sync is reload, and the recipe trains an adapter, which is no whole model', {
      hint: 'set sampler.sync: lora, or take the lora section away',
    })
  }
  return sync ?? (adapter ? 'lora' : 'reload')
}

/** In a directory that several runs may share, each has its own. */
function rootOf(options: VllmOptions, { directory }: SamplerContext): string {
  if (options.directory !== undefined) {
    return directory === undefined ? options.directory : join(options.directory, basename(dirname(directory)))
  }
  if (directory !== undefined) return directory
  throw new UserError('the sampler needs a directory for the weights', { hint: 'set sampler.directory' })
}
