/**
 * From a data set to what a run trains on: distinct problems, some held out, none of which stand in training in any
 * spelling, compared with benchmarks, written as Parquet with a manifest. The outcome depends on the source's rows,
 * not on their order, and on nothing else but the options: the same again is the same bytes.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Failure, ServerTrouble, UserError } from '../../base/errors.js'
import { version } from '../../base/package.js'
import { sources } from '../../task/data/catalogue.js'
import { type Dataset, type DatasetOptions, loadDataset } from '../../task/data/dataset.js'
import { holdOut, holdOutRule } from '../../task/data/hold-out.js'
import { fingerprintFile } from '../../task/data/locate.js'
import { nearDuplicateShare, overlaps } from '../../task/data/overlap.js'
import { problemsParquet } from '../../task/data/parquet.js'
import { type Problem, problemId } from '../../task/data/problems.js'
import { type DataStatistics, describeProblems } from '../../task/data/statistics.js'
import { manifestName } from '../../task/prepared.js'
import { type Disk, realDisk } from '../store/disk.js'
import { toJsonLine } from '../store/json-lines.js'

/** Compared with where nothing else is asked for, as far as they can be had: whatever the catalogue evaluates on. */
const benchmarks = Object.entries(sources).flatMap(([name, source]) => (source.eval === undefined ? [] : [name]))

export interface PrepareOptions extends DatasetOptions {
  /** Directory that is written; it must not exist, or be empty. */
  out: string
  /** Problems held out. Default 500, as in DAPO500. */
  holdOut?: number
  /** Seed of the rule that chooses them. Default 0. */
  seed?: number
  /** Data sets to compare with. Default: every benchmark of the catalogue that can be had. */
  against?: readonly string[]
  /** Leave out of training what stands in a benchmark, near duplicates included. */
  dropOverlaps?: boolean
  /** Told before each part of the work. */
  onPhase?: (phase: string) => void
  disk?: Disk
}

/** How much of a benchmark stands in the training problems. */
export interface BenchmarkOverlap {
  name: string
  revision?: string
  problems: number
  /** Benchmark problems that training has word for word, but for layout. */
  exact: number
  /** Benchmark problems that share at least half of their n-grams with a training problem, the exact ones included. */
  near: number
  /** Benchmark problems that share any n-gram with a training problem. */
  touching: number
  /** Training problems left out for it. */
  dropped: number
}

/** manifest.json */
export interface PreparedManifest {
  format: 1
  isentrope: string
  source: {
    name: string
    /** `owner/name` on the hub, or `local`. */
    origin: string
    /** As asked for. */
    revision?: string
    commit?: string
    files: { path: string; bytes: number; sha256: string }[]
  }
  holdOut: { count: number; seed: number; rule: string }
  counts: {
    rows: number
    /** Rows that repeat a problem. */
    repeated: number
    /** Problems whose copies disagree on the answer; in neither part. */
    conflicting: number
    distinct: number
    eval: number
    /** Near duplicates of held-out problems; in neither part. */
    nearDuplicates: number
    /** Dropped for standing in a benchmark. */
    overlapping: number
    train: number
  }
  overlap: BenchmarkOverlap[]
  /** Benchmarks that could not be had, and why. */
  notCompared: { name: string; reason: string }[]
  statistics: { train: DataStatistics; eval?: DataStatistics }
  files: { train: string; eval?: string; overlap: string }
  outputs: { path: string; rows: number; bytes: number; sha256: string }[]
}

/**
 * Deduplicates, holds out, compares and writes `out`: train.parquet, eval.parquet, overlap.jsonl, manifest.json. The
 * directory appears whole or not at all.
 * @throws UserError for a source or benchmark that cannot be had, and a directory in use
 */
export async function prepareData(name: string, options: PrepareOptions): Promise<PreparedManifest> {
  const { holdOut: count = 500, seed = 0, onPhase = () => {}, disk = realDisk } = options
  const out = resolve(options.out)
  requireFree(out)
  onPhase(`reading ${name}`)
  const dataset = await loadDataset(name, options)
  if (count >= dataset.problems.length) {
    throw new UserError(`${name}: has ${dataset.problems.length} distinct problems, and ${count} are to be held out`, {
      hint: 'Hold out fewer by --hold-out, or none: --hold-out 0.',
    })
  }
  onPhase(`${dataset.problems.length} distinct problems of ${dataset.rows} rows; holding out ${count}`)
  const split = holdOut(dataset.problems, count, seed)
  const compared = await compareAll(split.train, options)
  const dropped = new Set(options.dropOverlaps ? compared.flatMap(({ near }) => [...near]) : [])
  const train = split.train.filter((_, i) => !dropped.has(i))
  if (train.length === 0) throw new Failure(`${name}: nothing is left to train on`)

  onPhase('writing')
  const files: { path: string; rows: number; data: Uint8Array }[] = [
    { path: 'train.parquet', rows: train.length, data: problemsParquet(train) },
    ...(count === 0
      ? []
      : [{ path: 'eval.parquet', rows: split.heldOut.length, data: problemsParquet(split.heldOut) }]),
    overlapFile(compared, split.train, dropped),
  ]
  const manifest: PreparedManifest = {
    format: 1,
    isentrope: version,
    source: await describeSource(dataset, options),
    holdOut: { count, seed, rule: holdOutRule },
    counts: {
      rows: dataset.rows,
      repeated: dataset.repeated,
      conflicting: dataset.conflicting,
      distinct: dataset.problems.length,
      eval: split.heldOut.length,
      nearDuplicates: split.near.length,
      overlapping: dropped.size,
      train: train.length,
    },
    overlap: compared.flatMap(({ overlap }) => overlap ?? []),
    notCompared: compared.flatMap(({ missing }) => missing ?? []),
    statistics: {
      train: describeProblems(train),
      ...(count === 0 ? {} : { eval: describeProblems(split.heldOut) }),
    },
    files: { train: 'train.parquet', ...(count === 0 ? {} : { eval: 'eval.parquet' }), overlap: 'overlap.jsonl' },
    outputs: files.map(({ path, rows, data }) => ({ path, rows, bytes: data.length, sha256: sha256(data) })),
  }
  writeDirectory(disk, out, [
    ...files,
    { path: manifestName, data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
  ])
  return manifest
}

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

/** Found out before the work, not after it. */
function requireFree(out: string): void {
  if (!existsSync(out)) {
    let parent = dirname(out)
    while (!existsSync(parent)) parent = dirname(parent)
    try {
      accessSync(parent, constants.W_OK)
    } catch (cause) {
      throw new UserError(`${out}: ${parent} is not writable`, { hint: 'Choose another --out.', cause })
    }
    if (!statSync(parent).isDirectory())
      throw new UserError(`${out}: ${parent} is a file`, { hint: 'Choose another --out.' })
    return
  }
  if (!statSync(out).isDirectory()) throw new UserError(`${out}: is a file`, { hint: 'Choose another --out.' })
  if (readdirSync(out).length > 0) {
    throw new UserError(`${out}: is not empty`, { hint: 'Choose another --out, or remove it.' })
  }
}

/** Made aside, synced, then renamed. */
function writeDirectory(disk: Disk, out: string, files: readonly { path: string; data: Uint8Array }[]): void {
  const aside = join(dirname(out), `.${basename(out)}.partial`)
  disk.remove(aside)
  try {
    disk.makeDirectory(aside)
    for (const { path, data } of files) disk.write(join(aside, path), data)
    disk.syncTree(aside)
    // Empty or absent: a directory cannot be renamed onto another everywhere.
    requireFree(out)
    disk.remove(out)
    disk.rename(aside, out)
  } catch (error) {
    disk.remove(aside)
    throw error
  }
}

interface Compared {
  overlap?: BenchmarkOverlap
  missing?: { name: string; reason: string }
  pairs: { benchmark: string; problem: Problem; train: number; exact: boolean; share: number }[]
  /** Indices of training problems that stand in it. */
  near: Set<number>
}

async function compareAll(train: readonly Problem[], options: PrepareOptions): Promise<Compared[]> {
  const { onPhase = () => {}, fetch, dataDirectory, baseDirectory } = options
  const compared: Compared[] = []
  for (const name of options.against ?? benchmarks) {
    onPhase(`comparing with ${name}`)
    let benchmark: Dataset
    try {
      benchmark = await loadDataset(name, { part: 'eval', fetch, dataDirectory, baseDirectory })
    } catch (error) {
      if (options.against !== undefined || !(error instanceof UserError || error instanceof ServerTrouble)) throw error
      compared.push({ missing: { name, reason: error.message }, pairs: [], near: new Set() })
      continue
    }
    compared.push(compare(name, benchmark, train, options.dropOverlaps ?? false))
  }
  return compared
}

function compare(name: string, { problems, located }: Dataset, train: readonly Problem[], drop: boolean): Compared {
  const found = overlaps(
    problems.map(({ text }) => text),
    train.map(({ text }) => text),
  )
  const known = (pick: (pair: (typeof found)[number]) => boolean) =>
    new Set(found.filter(pick).map((pair) => pair.known)).size
  const near = new Set(found.filter(({ share }) => share >= nearDuplicateShare).map(({ other }) => other))
  return {
    overlap: {
      name,
      ...(located.commit === undefined ? {} : { revision: located.commit }),
      problems: problems.length,
      exact: known(({ exact }) => exact),
      near: known(({ share }) => share >= nearDuplicateShare),
      touching: known(() => true),
      dropped: drop ? near.size : 0,
    },
    pairs: found.map(({ known, other, exact, share }) => ({
      benchmark: name,
      problem: problems[known]!,
      train: other,
      exact,
      share,
    })),
    near,
  }
}

/** Every pair that shares an n-gram, the closest first. */
function overlapFile(compared: readonly Compared[], train: readonly Problem[], dropped: ReadonlySet<number>) {
  const pairs = compared.flatMap((each) => each.pairs).sort((a, b) => b.share - a.share)
  const lines = pairs.map(({ benchmark, problem, train: at, exact, share }) =>
    toJsonLine({
      benchmark,
      benchmark_id: problemId(problem.key),
      train_id: problemId(train[at]!.key),
      exact,
      share: Number(share.toFixed(4)),
      dropped: dropped.has(at),
      benchmark_problem: problem.text,
      train_problem: train[at]!.text,
    }),
  )
  return { path: 'overlap.jsonl', rows: pairs.length, data: Buffer.from(lines.join('')) }
}

async function describeSource({ name, located }: Dataset, { revision }: PrepareOptions) {
  const files: PreparedManifest['source']['files'] = []
  for (const { path, local } of located.files) files.push({ path, ...(await fingerprintFile(local)) })
  const { origin, commit } = located
  return { name, origin, ...(commit === undefined ? {} : { revision: revision ?? 'main', commit }), files }
}
