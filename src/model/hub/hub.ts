/** Models and adapters of a Hugging Face hub, fetched into the standard cache: resumed where broken off, verified, then linked. */

import { existsSync } from 'node:fs'
import { copyFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { ListFileEntry } from '@huggingface/hub'
import { UserError } from '../../base/errors.js'
import { makeDirectory } from '../../base/make-directory.js'
import { FetchError, isTransient } from '../../fetch/errors.js'
import { withLock } from '../../fetch/lock.js'
import { networkOff } from '../../fetch/offline.js'
import { serverTrouble } from '../../fetch/server-trouble.js'
import { readText } from '../file.js'
import { adapterConfigFile, adapterWeightsFile } from '../lora/adapter-config.js'
import { shardsOf } from '../weight-index.js'
import { cachedCommit, cachedSnapshot, hubToken, repositoryFolder } from './cache.js'
import { type HubClient, hubClient } from './client.js'
import { contentName, downloadVerified } from './download.js'
import { type HubId, type HubKind, isCommit } from './id.js'

export interface HubOptions {
  fetch?: typeof globalThis.fetch
  /** Default: HF_TOKEN, or the token file of a login. */
  token?: string
  /** Never ask the hub. Default: ISENTROPE_OFFLINE or HF_HUB_OFFLINE. */
  offline?: boolean
  /** Default: a model. */
  kind?: HubKind
  /** False: what describes the model is enough, its weights are not fetched. Default: true. */
  weights?: boolean
  onProgress?: (progress: { file: string; receivedBytes: number; totalBytes: number }) => void
}

/** Files of a model besides its weights; a family's own Python modules go along into what is saved. */
const smallFile = /^[^/]+\.(json|jinja|txt|model|py)$|^(LICENSE|NOTICE)[^/]*$/
/** Bytes of one of them, at most: what reads them reads no more. */
const largestSmallFile = 2 ** 28
const singleFile = 'model.safetensors'
const indexFile = 'model.safetensors.index.json'

/**
 * The local directory of a hub model. A snapshot in the cache, complete as far as is asked for, serves when offline, when the hub cannot be
 * reached or is in trouble, and always for a commit; else the hub is asked where the revision stands now.
 *
 * @throws UserError where the model does not exist, needs a login, or cannot be had; Failure where the hub is out of reach or in trouble
 */
export async function resolveHubModel(id: HubId, options: HubOptions): Promise<string> {
  const { kind = 'model', weights = true } = options
  const cached = cachedSnapshot(id, cachedCommit(id), { kind, weights })
  const off = networkOff('hub', options.offline)
  if (cached && (off || isCommit(id.revision))) return cached
  if (off) {
    throw new UserError(`the ${kind} ${id.name} is not in the cache, and ${off.by} forbids the network`, {
      hint: `expected under ${repositoryFolder(id)}; ${off.undo} to fetch it, or name a local directory`,
    })
  }
  try {
    return await new Download(id, options).snapshot()
  } catch (error) {
    if (!(error instanceof FetchError)) throw error
    if (isTransient(error) && cached) return cached
    throw (
      serverTrouble(id.name, error, { endpoint: 'HF_ENDPOINT', instead: `a local directory as the ${kind}` }) ??
      explained(id, kind, error, options.token ?? hubToken())
    )
  }
}

class Download {
  readonly #id: HubId
  readonly #options: HubOptions
  readonly #hub: HubClient
  readonly #folder: string

  constructor(id: HubId, options: HubOptions) {
    this.#id = id
    this.#options = options
    this.#hub = hubClient({ fetch: options.fetch, token: options.token })
    this.#folder = repositoryFolder(id)
  }

  async snapshot(): Promise<string> {
    const { name, revision } = this.#id
    const repository = { type: 'model', name } as const
    const sha = await this.#hub.commitOf(repository, revision)
    const files = await this.#hub.list(repository, sha)
    const directory = join(this.#folder, 'snapshots', sha)
    makeDirectory(directory)
    makeDirectory(join(this.#folder, 'blobs'))
    await withLock(join(this.#folder, `${sha}.lock`), () => this.#fetchAll(files, directory, sha))
    if (revision !== sha) {
      const ref = join(this.#folder, 'refs', ...revision.split('/'))
      makeDirectory(dirname(ref))
      await writeFile(ref, sha)
    }
    return directory
  }

  async #fetchAll(files: ReadonlyMap<string, ListFileEntry>, directory: string, sha: string): Promise<void> {
    const { name } = this.#id
    const fetchFile = (file: ListFileEntry): Promise<void> => this.#fetchFile(file, directory, sha)
    const isModel = files.has('config.json')
    if (this.#options.kind === 'adapter' || (!isModel && files.has(adapterConfigFile))) {
      requireAdapter(name, [...files.keys()])
      for (const path of [adapterConfigFile, adapterWeightsFile]) await fetchFile(files.get(path)!)
      // Where a whole model lies beside, its configuration tells so later.
      if (isModel) await fetchFile(files.get('config.json')!)
      return
    }
    if (!isModel) throw new UserError(`${name} is no model for transformers: it has no config.json`)
    for (const file of files.values()) if (smallFile.test(file.path)) await fetchFile(file)
    let weights = [singleFile]
    if (!files.has(singleFile)) {
      if (!files.has(indexFile)) throw withoutSafetensors(name, [...files.keys()])
      weights = shardsOf(readText(join(directory, indexFile)))
    }
    if (this.#options.weights === false) return
    for (const path of weights) {
      const file = files.get(path)
      if (file === undefined) throw new UserError(`${name} lacks the file ${path}, which its ${indexFile} names`)
      await fetchFile(file)
    }
  }

  /** Fetches into `blobs` what is not there, verifies it, and links it into the snapshot. */
  async #fetchFile(file: ListFileEntry, directory: string, sha: string): Promise<void> {
    const { path, size } = file
    const { name } = this.#id
    if (!/^[^/\\]+$/.test(path)) throw new UserError(`${name} names the weight file ${path}, outside itself`)
    if (smallFile.test(path) && size > largestSmallFile) {
      throw new UserError(`${name} lists ${path} with ${size} bytes, more than the ${largestSmallFile} it may have`)
    }
    const link = join(directory, path)
    if (existsSync(link)) return
    const blob = join(this.#folder, 'blobs', contentName(file, name))
    if (!existsSync(blob)) {
      const url = `${this.#hub.url}/${name}/resolve/${sha}/${path}`
      const to = `${blob}.incomplete`
      const report = (receivedBytes: number): void =>
        this.#options.onProgress?.({ file: path, receivedBytes, totalBytes: size })
      await downloadVerified(file, { url, to, shown: `${path} of ${name}`, http: this.#hub.http }, report)
      await rename(to, blob)
    }
    await rm(link, { force: true })
    // Without the right to make links (Windows), the file itself stands there, as Python's tools have it.
    await symlink(relative(directory, blob), link).catch(() => copyFile(blob, link))
  }
}

function requireAdapter(name: string, files: string[]): void {
  if (!files.includes(adapterConfigFile)) {
    throw new UserError(`${name} is not a PEFT adapter: it has no ${adapterConfigFile}`, {
      hint: files.includes('config.json') ? 'it is a model: name it as the model' : undefined,
    })
  }
  if (files.includes(adapterWeightsFile)) return
  const pickled = files.find((file) => /^adapter_model\.(bin|pt)$/.test(file))
  throw new UserError(`${name} has no ${adapterWeightsFile}`, {
    hint: pickled && `${pickled} is a pickled adapter, which is not read: save the adapter with safetensors`,
  })
}

function withoutSafetensors(name: string, files: string[]): UserError {
  const gguf = files.find((file) => file.endsWith('.gguf'))
  const pickled = files.find((file) => /\.(bin|pth?)$/.test(file))
  return new UserError(`${name} has no safetensors weights`, {
    hint: gguf
      ? `it has GGUF files: fetch one (${gguf}) and name its path`
      : pickled && `${pickled} is a pickled checkpoint, which is not read: convert the model to safetensors`,
  })
}

function explained({ name, revision }: HubId, kind: HubKind, error: FetchError, token: string | undefined): UserError {
  const { status, message, cause } = error
  if (status === 401) {
    return new UserError(
      token === undefined
        ? `${name} does not exist on the hub, or is private or gated (status 401)`
        : `the hub does not accept the token for ${name}, or there is no such ${kind} (status 401)`,
      {
        hint: 'check the name; a gated one needs its terms accepted on its page and a token in HF_TOKEN',
        cause: error,
      },
    )
  }
  if (status === 403) {
    return new UserError(`access to ${name} is not granted (status 403): it is gated`, {
      hint: 'accept its terms on its page with the account of the token in HF_TOKEN',
      cause: error,
    })
  }
  if (status === 404) {
    return new UserError(
      `the hub has no ${kind} ${name}${revision === 'main' ? '' : ` with the revision ${revision}`}`,
      {
        hint: `check the name; a local ${kind} is named by its path`,
        cause: error,
      },
    )
  }
  return new UserError(`${name} is no local ${kind} and cannot be fetched: ${message}`, {
    hint: error.hint,
    cause: cause ?? error,
  })
}
