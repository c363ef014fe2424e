/** A policy's identity: the hash of its weights, wherever they lie and whatever they are called. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { packageRoot } from '../../base/package.js'
import { openModelWithProgress } from '../../rollout/model-thread.js'

export interface Policy {
  /** As a recipe names it. */
  model: string
  /** SHA-256 of the weights, hexadecimal. */
  weights: string
}

/** A directory of this package by its path there, everything else as it is named; local paths become absolute. */
function locate(name: string): string {
  const own = join(packageRoot, name)
  if (!isAbsolute(name) && existsSync(join(own, 'config.json'))) return own
  return existsSync(name) ? resolve(name) : name
}

/** @throws UserError for a model that cannot be had. */
export async function findPolicy(name: string): Promise<Policy> {
  const model = locate(name)
  const { path, tensors } = await openModelWithProgress(model)
  tensors.close()
  return { model, weights: await hashWeights(path) }
}

async function hashWeights(path: string): Promise<string> {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((file) => /\.(safetensors|json)$/.test(file))
        .sort()
        .map((file) => join(path, file))
    : [path]
  const hash = createHash('sha256')
  for (const file of files) for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
