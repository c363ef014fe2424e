/** A Hugging Face hub: where it is, who asks, and how much of its answers is read. */
import { datasetInfo, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub'
import { UserError } from '../../base/errors.js'
import { parseJson } from '../../base/json.js'
import { cut, shown } from '../../base/shown.js'
import { isWebAddress, sameOrigin } from '../../fetch/address.js'
import { FetchError, withoutCredentials } from '../../fetch/errors.js'
import { bodyOf, createHttp, type Fetch, type Http, LONGEST_ANSWER } from '../../fetch/http.js'
import { hubToken } from './cache.js'
import { isCommit } from './id.js'

/** Of one repository's listing: about a million files, which come by the thousand. */
const LONGEST_LISTING = 4 * LONGEST_ANSWER
const MOST_PAGES = 2000

interface Repository {
  type: 'model' | 'dataset'
  /** OWNER/NAME. */
  name: string
}

export interface HubClient {
  /** The hub's address, without a slash at its end. */
  readonly url: string
  /** Requests to the hub. Its token goes along to the hub's own server, and to no other that an answer names. */
  readonly http: Http
  /** The commit at which a branch, tag, or commit stands. @throws FetchError and UserError */
  commitOf(repository: Repository, revision: string): Promise<string>
  /** Every file at a commit, by its path: at the top of a model, anywhere in a data set. @throws FetchError and UserError */
  list(repository: Repository, commit: string): Promise<Map<string, ListFileEntry>>
}

/** Throws FetchError if HF_ENDPOINT names no server. */
export function hubClient({ fetch, token = hubToken() }: { fetch?: Fetch; token?: string } = {}): HubClient {
  const url = (process.env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '')
  if (!isWebAddress(url)) {
    throw new FetchError('address', `HF_ENDPOINT names "${withoutCredentials(url)}", which is no web address`, {
      hint: 'Correct it: https://HOST.',
    })
  }
  const plain = createHttp({ fetch, attempts: 4 })
  const login: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const get: Http['get'] = (asked, headers) =>
    plain.get(asked, { ...headers, ...(sameOrigin(asked, url) ? login : {}) })
  const http = { ...plain, get }
  return {
    url,
    http,
    async commitOf({ type, name }, revision) {
      const asked = { hubUrl: url, fetch: jsonAnswers(http), name, revision }
      const { sha } = await reading(
        `no description of ${name}`,
        url,
        (): Promise<{ sha?: unknown }> =>
          type === 'model'
            ? modelInfo({ ...asked, additionalFields: ['sha'] })
            : datasetInfo({ ...asked, additionalFields: ['sha'] }),
      )
      if (typeof sha === 'string' && isCommit(sha)) return sha
      throw new UserError(`the hub answered ${shown(sha)} where the commit of ${name} stands`)
    },
    list: (repository, commit) =>
      reading(`no list of the files of ${repository.name}`, url, () => listAll(repository, commit, url, http)),
  }
}

/** The library takes an answer for what it should be, and stumbles over what it is not. */
async function reading<T>(what: string, url: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof TypeError) throw unexpectedAnswer(url, what, error)
    throw error
  }
}

/** The client as the hub library takes it. Its answers are JSON, and not without end. */
function jsonAnswers(http: Http): Fetch {
  return (async (input: unknown) => {
    const url = String(input)
    const response = await http.get(url)
    const body = await bodyOf(response, url)
    const { status, headers } = response
    try {
      parseJson(body.toString('utf8'))
    } catch (cause) {
      throw unexpectedAnswer(url, `no JSON: ${cut(body.toString('utf8', 0, 200).trim())}`, cause)
    }
    return new Response(body, { status, headers })
  }) as Fetch
}

async function listAll(
  repo: Repository,
  revision: string,
  hubUrl: string,
  http: Http,
): Promise<Map<string, ListFileEntry>> {
  const asked = new Set<string>()
  let bytes = 0
  const fetch = (async (input: unknown) => {
    const url = String(input)
    const endless = asked.has(url) || asked.size === MOST_PAGES || bytes > LONGEST_LISTING
    if (endless) throw unexpectedAnswer(url, `a list of files without end (${asked.size} pages, ${bytes} bytes)`)
    asked.add(url)
    const response = await jsonAnswers(http)(url)
    bytes += (await response.clone().arrayBuffer()).byteLength
    return response
  }) as Fetch
  const files = new Map<string, ListFileEntry>()
  for await (const file of listFiles({ hubUrl, fetch, repo, revision, recursive: repo.type === 'dataset' })) {
    if (file.type !== 'file') continue
    const { path, size } = file
    if (typeof path !== 'string' || !Number.isSafeInteger(size) || size < 0) {
      throw unexpectedAnswer(hubUrl, `a list of files that gives ${shown(path)} ${shown(size)} bytes`)
    }
    files.set(path, file)
  }
  return files
}

const unexpectedAnswer = (url: string, what: string, cause?: unknown): FetchError =>
  new FetchError('answer', `${withoutCredentials(url)} answers with ${what}`, {
    url: withoutCredentials(url),
    hint: 'A proxy, a sign-in page, or a mirror that is no hub may stand there: check HF_ENDPOINT and HTTPS_PROXY.',
    cause,
  })
