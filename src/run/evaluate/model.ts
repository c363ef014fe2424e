/** What an evaluation may be given as a model: a run directory, a checkpoint, or whatever names a model elsewhere. */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../../base/errors.js'
import { statAt } from '../../model/file.js'
import { bestCheckpoint, type Checkpoint, listCheckpoints, requireIntactModel } from '../store/checkpoint.js'
import { runPaths } from '../store/run-directory.js'

export type CheckpointChoice = 'best' | 'last'

export interface EvalModel {
  /** Names it in tables; no two of an evaluation are alike. */
  name: string
  /** As given. */
  given: string
  /** What is opened: a directory, a file, or a hub's or package's name. */
  reference: string
  /** A PEFT adapter to put on it: a directory or a hub id. */
  adapter?: string
  /** Where `given` is a run or a checkpoint: which one was taken, and why. */
  checkpoint?: { step: number; chosen: string }
}

/**
 * Finds each model. A run gives its best checkpoint (by the metric that it keeps the best by), or its last where it
 * has none or `choice` says so.
 * @throws UserError for a run without checkpoints, and for nothing at all.
 */
export function findModels(
  references: readonly string[],
  choice: CheckpointChoice = 'best',
  adapter?: string,
): EvalModel[] {
  const models = references.map((reference) => {
    const model = findModel(reference.trim(), choice)
    if (adapter === undefined) return model
    return {
      ...model,
      name: `${model.name} + ${basename(resolve(adapter))}`,
      adapter: statAt(adapter) ? resolve(adapter) : adapter,
    }
  })
  if (models.length === 0 || models.some(({ given }) => given === '')) {
    throw new UserError('no model to evaluate', { hint: 'name one or more by --model M1,M2' })
  }
  const names = new Map<string, number>()
  return models.map((model) => {
    const taken = names.get(model.name) ?? 0
    names.set(model.name, taken + 1)
    return taken === 0 ? model : { ...model, name: `${model.name} (${taken + 1})` }
  })
}

/**
 * The model that a command which takes one is given, a run's or checkpoint's files held against their hashes.
 * @throws UserError as {@link findModels} does, and for a file that is not as it was saved
 */
export async function locateModel(given: string, choice?: CheckpointChoice, adapter?: string): Promise<EvalModel> {
  const [model] = findModels([given], choice, adapter) as [EvalModel]
  if (model.checkpoint) await requireIntact(model.reference)
  return model
}

function findModel(given: string, choice: CheckpointChoice): EvalModel {
  const isDirectory = given !== '' && statAt(given)?.isDirectory() === true
  if (!isDirectory) return { name: basename(given) || given, given, reference: given }
  if (existsSync(join(given, 'state.json')) && existsSync(join(given, 'model'))) return fromCheckpoint(given)
  const paths = runPaths(given)
  if (!existsSync(paths.config) || existsSync(join(given, 'config.json'))) {
    return { name: basename(resolve(given)), given, reference: given }
  }
  const checkpoints = listCheckpoints(paths)
  const last = checkpoints.at(-1)
  if (last === undefined) throw new UserError(`${given}: a run without a checkpoint so far`)
  const best = choice === 'best' ? bestCheckpoint(checkpoints, last.metric) : undefined
  const chosen = best ?? last
  return {
    name: `${basename(resolve(given))} step ${chosen.step}`,
    given,
    reference: chosen.model,
    checkpoint: { step: chosen.step, chosen: best?.value === undefined ? 'the last' : bestBy(best.metric, best.value) },
  }
}

const bestBy = (metric: string, value: number) => `the best by ${metric} (${Number(value.toPrecision(3))})`

function fromCheckpoint(given: string): EvalModel {
  const path = resolve(given)
  const run = dirname(dirname(path))
  const found = listCheckpoints(runPaths(run)).find(({ directory }: Checkpoint) => resolve(directory) === path)
  if (found === undefined) throw new UserError(`${given}: not a whole checkpoint of a run`)
  return {
    name: `${basename(run)} step ${found.step}`,
    given,
    reference: found.model,
    checkpoint: { step: found.step, chosen: 'the one given' },
  }
}

/**
 * Holds a checkpoint's model against the hashes that were saved with it.
 * @throws DamagedCheckpoint that names the file
 */
export async function requireIntact(reference: string): Promise<void> {
  const directory = resolve(dirname(reference))
  const found = listCheckpoints(runPaths(dirname(dirname(directory)))).find(
    (one) => resolve(one.directory) === directory,
  )
  if (found) await requireIntactModel(found)
}

const blocks = 64
const blockBytes = 4096

/**
 * Tells whether a model's files are those of before without reading all of them: a hash of the weight files' names,
 * sizes and 64 blocks spread over each. An interrupted evaluation must not go on with other weights.
 */
export function fingerprint(path: string): string {
  const hash = createHash('sha256')
  const isDirectory = statSync(path).isDirectory()
  const files = isDirectory
    ? readdirSync(path)
        .filter((name) => /\.(safetensors|gguf|json|bin)$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path]
  const block = Buffer.alloc(blockBytes)
  for (const file of files) {
    const handle = openSync(file, 'r')
    try {
      const { size } = fstatSync(handle)
      hash.update(`${basename(file)} ${size}\n`)
      for (let i = 0; i < blocks; i++) {
        const at = Math.floor((Math.max(0, size - blockBytes) * i) / (blocks - 1))
        hash.update(block.subarray(0, readSync(handle, block, 0, blockBytes, at)))
      }
    } finally {
      closeSync(handle)
    }
  }
  return hash.digest('hex').slice(0, 16)
}
