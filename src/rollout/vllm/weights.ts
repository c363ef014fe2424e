/** The policy's weights on the way to the servers: a new directory and a new name for every version of them. */
import { createHash, randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Failure } from '../../base/errors.js'
import { makeDirectory } from '../../base/make-directory.js'
import type { PolicyWeights } from '../sampler-kind.js'

export interface Version {
  /** How an adapter is called on the servers. */
  name: string
  /** Absolute. */
  directory: string
}

const ours = /^step-\d+-[0-9a-f]{8}$/

export class WeightFiles {
  readonly root: string
  /** Begins the names of this run's adapters, so that a resumed run finds those that it left on the servers. */
  readonly prefix: string

  constructor(root: string) {
    this.root = resolve(root)
    this.prefix = `isentrope-${createHash('sha256').update(this.root).digest('hex').slice(0, 8)}-`
  }

  /** @throws Failure where the directory cannot be written, or the disk is full */
  async write({ step, save }: PolicyWeights): Promise<Version> {
    // Never the same name twice, since servers keep what they computed by name and path.
    const name = `step-${String(step).padStart(6, '0')}-${randomBytes(4).toString('hex')}`
    const directory = join(this.root, name)
    try {
      makeDirectory(this.root)
      await save(directory)
    } catch (error) {
      await rm(directory, { recursive: true, force: true }).catch(() => {})
      throw unwritten(this.root, error)
    }
    return { name: `${this.prefix}${name}`, directory }
  }

  /** Removes every version but this one. */
  async keepOnly(version: Version | undefined): Promise<void> {
    const entries = await readdir(this.root).catch(() => [])
    const old = entries.filter((entry) => ours.test(entry) && join(this.root, entry) !== version?.directory)
    await Promise.all(old.map((entry) => rm(join(this.root, entry), { recursive: true, force: true }).catch(() => {})))
  }
}

function unwritten(root: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  const message = (why: string) => `the weights for the sampler cannot be written to ${root}: ${why}`
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure(message('no space left on the disk'), {
      hint: 'free some space, or name another directory in sampler.directory, then resume the run',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return new Failure(message(code), {
      hint: 'name a directory in sampler.directory that this machine can write and the servers can read',
      cause: error,
    })
  }
  return error
}
