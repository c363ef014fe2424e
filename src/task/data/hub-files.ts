/** Which of a data set's files hold a split: as its card says, else by the files' names, as the hub's own tools do. */
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { MissingData, UserError } from '../../base/errors.js'
import { listed } from '../../base/shown.js'
import { readText } from '../../model/file.js'
import type { HubDataset, HubRequest } from './hub.js'
import { dataExtensions } from './rows.js'

export interface HubSplit extends HubRequest {
  /** A configuration of the set; default: its only one, or the one it calls default. */
  config?: string
  split: string
}

export interface SplitFiles {
  commit: string
  files: { path: string; local: string }[]
}

const cardSchema = z.object({
  configs: z
    .array(
      z.object({
        config_name: z.string(),
        default: z.boolean().optional(),
        data_files: z.union([
          z.string(),
          z.array(
            z.union([z.string(), z.object({ split: z.string(), path: z.union([z.string(), z.array(z.string())]) })]),
          ),
        ]),
      }),
    )
    .min(1),
})
type CardConfig = z.output<typeof cardSchema>['configs'][number]

/** The local files of a split, downloaded where they are missing. @throws UserError where there is no such split. */
export async function hubSplit(request: HubSplit): Promise<SplitFiles> {
  const dataset = await openDataset(request)
  const paths = chooseFiles(dataset.paths, await cardOf(dataset), request, dataset.toFetchMore)
  requireAllShards(paths, request, dataset.toFetchMore)
  const files: SplitFiles['files'] = []
  for (const path of paths) files.push({ path, local: await dataset.get(path) })
  return { commit: dataset.commit, files }
}

/** The hub's library loads when a set is asked for. */
const openDataset = async (request: HubRequest): Promise<HubDataset> =>
  (await import('./hub.js')).openHubDataset(request)

/** The names of the set's splits. */
export async function hubSplitNames(request: Omit<HubSplit, 'split'>): Promise<string[]> {
  const dataset = await openDataset(request)
  const splits = splitsOf(dataset.paths, await cardOf(dataset), request)
  return [...splits].flatMap(([name, files]) => (files.length > 0 ? [name] : []))
}

/** Bytes of a card; published ones have a few thousand. */
const largestCard = 2 ** 24

const cardOf = async (dataset: HubDataset): Promise<string> =>
  dataset.paths.includes('README.md') ? readText(await dataset.get('README.md'), largestCard) : ''

/**
 * The paths of the split's files, sorted. `card`: the text of README.md. `toFetchMore`: what lets the hub be asked where
 * the paths are only those of the cache.
 */
export function chooseFiles(
  paths: readonly string[],
  card: string,
  request: Pick<HubSplit, 'repository' | 'config' | 'split'>,
  toFetchMore?: string,
): string[] {
  const { repository, config, split } = request
  const splits = splitsOf(paths, card, request)
  const chosen = splits.get(split) ?? []
  if (chosen.length > 0) return chosen
  if (toFetchMore !== undefined) {
    throw new MissingData(`data set ${repository}: the cache has no file of split '${split}'`, {
      hint: `${toFetchMore} to ask the hub for it`,
    })
  }
  const others = [...splits].flatMap(([name, files]) => (files.length > 0 ? [name] : []))
  throw new UserError(
    `data set ${repository}: no file of split '${split}'${config === undefined ? '' : ` in config '${config}'`}`,
    {
      hint:
        others.length > 0
          ? `Its splits: ${listed(others)}.`
          : `It has no ${dataExtensions.join(', ')} file; the hub may have converted it: revision refs/convert/parquet.`,
    },
  )
}

function splitsOf(
  paths: readonly string[],
  card: string,
  { repository, config }: Pick<HubSplit, 'repository' | 'config'>,
): Map<string, string[]> {
  const data = paths.filter((path) => dataExtensions.some((end) => path.toLowerCase().endsWith(end))).sort()
  const configs = cardConfigs(card)
  return configs === undefined
    ? splitsByName(data, config, repository)
    : splitsOfCard(data, chooseConfig(configs, config, repository))
}

function cardConfigs(card: string): CardConfig[] | undefined {
  const [, front] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card) ?? []
  if (front === undefined) return undefined
  try {
    return cardSchema.parse(parseYaml(front)).configs
  } catch {
    return undefined
  }
}

function chooseConfig(configs: CardConfig[], asked: string | undefined, repository: string): CardConfig {
  const found =
    asked === undefined
      ? (configs.find((one) => one.default) ??
        configs.find((one) => one.config_name === 'default') ??
        (configs.length === 1 ? configs[0] : undefined))
      : configs.find((one) => one.config_name === asked)
  if (found !== undefined) return found
  throw new UserError(
    `data set ${repository}: ${asked === undefined ? 'has several configs' : `no config '${asked}'`}`,
    {
      hint: `Name one of them by 'config': ${listed(configs.map((one) => one.config_name))}.`,
    },
  )
}

function splitsOfCard(data: readonly string[], { data_files: named }: CardConfig): Map<string, string[]> {
  const splits = new Map<string, string[]>()
  for (const entry of typeof named === 'string' ? [named] : named) {
    const { split, path } = typeof entry === 'string' ? { split: 'train', path: entry } : entry
    const globs = typeof path === 'string' ? [path] : path
    const files = data.filter((file) => globs.some((glob) => matchesGlob(file, glob)))
    splits.set(split, [...(splits.get(split) ?? []), ...files])
  }
  return splits
}

/**
 * `*` within a directory, `**` across them, `?` one character. The places in `path` that the glob's beginning can reach
 * are kept as a set, so that no glob of a data set's card takes longer than path x glob.
 */
export function matchesGlob(path: string, glob: string): boolean {
  let reached = new Set([0])
  for (const [part] of glob.matchAll(/\*\*\/?|[\s\S]/g)) {
    const next = new Set<number>()
    for (const at of reached) {
      if (part.startsWith('*')) {
        const end = part === '*' ? path.indexOf('/', at) : -1
        const last = end < 0 ? path.length : end
        for (let to = at; to <= last && !next.has(to); to++) next.add(to)
      } else if (part === '?' ? at < path.length && path[at] !== '/' : path[at] === part) next.add(at + 1)
    }
    reached = next
  }
  return reached.has(path.length)
}

const splitWords: Record<string, string> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  dev: 'validation',
  val: 'validation',
  test: 'test',
  testing: 'test',
  eval: 'test',
  evaluation: 'test',
}

/** A file without a split's name is training data; files of another directory are of another config. */
function splitsByName(data: readonly string[], config: string | undefined, repository: string): Map<string, string[]> {
  const directories = data.flatMap((path) => (path.includes('/') ? [path.split('/')[0]!] : []))
  const configs = [...new Set(directories)].filter((name) => name !== 'data' && splitWords[name] === undefined)
  if (config === undefined && configs.length > 1) {
    throw new UserError(`data set ${repository}: has several configs`, {
      hint: `Name one of them by 'config': ${listed(configs)}.`,
    })
  }
  const inside = config === undefined ? data : data.filter((path) => path.startsWith(`${config}/`))
  // The same rows in two formats would count twice.
  const extension = dataExtensions.toReversed().find((end) => inside.some((path) => path.toLowerCase().endsWith(end)))
  const splits = new Map<string, string[]>()
  for (const path of inside) {
    if (extension === undefined || !path.toLowerCase().endsWith(extension)) continue
    const words = path.toLowerCase().split(/[^a-z]+/)
    const split = words.map((word) => splitWords[word]).findLast((word) => word !== undefined) ?? 'train'
    splits.set(split, [...(splits.get(split) ?? []), path])
  }
  return splits
}

/** A cache, or an upload that broke off, may hold some of the files only: those named `-00000-of-00003` tell how many there are. */
function requireAllShards(paths: readonly string[], { repository }: HubRequest, toFetchMore?: string): void {
  for (const path of paths) {
    const [, before, total] = /^(.*)-\d{5}-of-(\d{5})\b/.exec(path) ?? []
    if (before === undefined) continue
    const present = paths.filter((other) => other.startsWith(`${before}-`)).length
    if (present < Number(total)) {
      const [where, hint] =
        toFetchMore === undefined
          ? ['the hub', "another 'revision' of the set may be whole"]
          : ['the cache', `${toFetchMore} to fetch the rest`]
      throw new UserError(`data set ${repository}: ${where} has ${present} of the ${Number(total)} files ${before}-*`, {
        hint,
      })
    }
  }
}
