/**
 * Where data lies: files on this machine, or a hub's, fetched into the cache. Data is named by a source's name
 * (catalogue.ts), a file's path, or `owner/name` of any hub data set.
 *
 * ISENTROPE_DATA (or `dataDirectory`) names a directory of local files that stand in for sources:
 * NAME-SPLIT.EXT, NAME/SPLIT.EXT or NAME.EXT.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../../base/errors.js'
import { derived, type Source, sources } from './catalogue.js'
import { hubSplit } from './hub-files.js'
import { dataExtensions } from './rows.js'

export type Part = 'train' | 'eval'

export interface LocateOptions {
  /** On the hub: branch, tag or commit. Default: main. */
  revision?: string
  /** On the hub, of a set that is not in the catalogue. */
  config?: string
  split?: string
  fetch?: typeof fetch
  dataDirectory?: string
  /** Where relative paths start; default: the current directory. */
  baseDirectory?: string
}

/** Files, and where they come from. */
export interface Located {
  /** `owner/name` of a hub data set, or `local`. */
  origin: string
  /** On the hub: the commit. */
  commit?: string
  /** `path`: as the origin names it. */
  files: { path: string; local: string }[]
}

export const isHubName = (name: string): boolean => /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(name)
const isFileName = (name: string): boolean => dataExtensions.some((end) => name.toLowerCase().endsWith(end))

/** The files of the part of `name` that is asked for; a file is its own, whatever the part. */
export async function locateData(name: string, part: Part, options: LocateOptions): Promise<Located> {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined
  if (source !== undefined) return locateSource(name, source, part, options)
  const path = resolve(options.baseDirectory ?? '.', name)
  if (isFileName(name)) return { origin: 'local', files: [{ path: name, local: path }] }
  if (isHubName(name) && !existsSync(path)) {
    const { revision = 'main', config, split = part === 'train' ? 'train' : 'test', fetch } = options
    const { commit, files } = await hubSplit({ repository: name, revision, config, split, fetch })
    return { origin: name, commit, files }
  }
  const known = [...Object.keys(sources), ...Object.keys(derived)].join(', ')
  throw new UserError(`no data called '${name}'`, {
    hint: `Known: ${known}; a file ending in ${dataExtensions.join(', ')}; owner/name of a hub data set.`,
  })
}

/** The files of one part of a source of the catalogue. */
export async function locateSource(
  name: string,
  source: Source,
  part: Part,
  { revision = 'main', fetch, dataDirectory = process.env.ISENTROPE_DATA }: LocateOptions,
): Promise<Located> {
  const split = part === 'train' ? source.train : source.eval
  if (split === undefined) {
    throw new UserError(
      `${name}: ${part === 'train' ? 'a benchmark, without problems to train on' : 'has no split of its own to evaluate on'}`,
    )
  }
  if (dataDirectory !== undefined && dataDirectory !== '') {
    const local = localFile(dataDirectory, name, part, part === 'train' || source.train === undefined)
    if (local !== undefined) return { origin: 'local', files: [{ path: local, local }] }
  }
  const { repository, config } = source
  const { commit, files } = await hubSplit({ repository, config, split, revision, fetch })
  return { origin: repository, commit, files }
}

const partNames: Record<Part, readonly string[]> = { train: ['train'], eval: ['test', 'eval'] }

function localFile(directory: string, name: string, part: Part, alsoPlain: boolean): string | undefined {
  const stems = partNames[part].flatMap((word) => [`${name}-${word}`, join(name, word)])
  for (const stem of alsoPlain ? [...stems, name] : stems) {
    for (const extension of dataExtensions.toReversed()) {
      const path = join(directory, `${stem}${extension}`)
      if (existsSync(path)) return path
    }
  }
  return undefined
}

/** Size and SHA-256 of a file, as manifests name them. */
export async function fingerprintFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') }
}
