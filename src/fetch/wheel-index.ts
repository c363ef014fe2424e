/**
 * Finds a wheel's address on a package index (the "simple" API: PEP 691 JSON, PEP 503 HTML as the fallback).
 * No host stands in the code: the index is pip's, or else the one that the package-URL library knows.
 */
import { PackageURL, UrlConverter } from '@socketregistry/packageurl-js'
import { parseJson } from '../base/json.js'
import { isWebAddress, sameOrigin } from './address.js'
import { FetchError, withoutCredentials } from './errors.js'
import { bodyOf, type Http } from './http.js'
import { type PipSettings, pipSettings } from './pip.js'

export interface WheelName {
  /** Package URL with version, such as `pkg:pypi/torch@2.15.0`. */
  package: string
  /** The wheel's file name. */
  filename: string
  /** SHA-256 of the whole wheel: compared with what the index says, where it says it. */
  sha256: string
}

export interface IndexedFile {
  filename: string
  url: string
  /** SHA-256 of the whole file, where the index says it. */
  sha256?: string
}

const ACCEPT = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5'

/** The address of the wheel; the indexes are asked in pip's order. Throws FetchError. */
export async function findWheel(wheel: WheelName, http: Http): Promise<string> {
  const settings = pipSettings()
  if (settings.noIndex)
    throw new FetchError('offline', `${wheel.filename} is not in the cache and pip's settings say no-index`, {
      hint: 'Unset PIP_NO_INDEX (or no-index in pip.conf), or see docs/install.md for machines without network.',
    })
  const pages = indexPages(wheel.package, settings)
  let missing: FetchError | undefined
  for (const page of pages) {
    let files: IndexedFile[]
    try {
      files = await listFiles(page, http)
    } catch (error) {
      if (!(error instanceof FetchError) || error.problem !== 'not-found') throw error
      missing = error
      continue
    }
    const found = files.find((file) => file.filename === wheel.filename)
    if (!found) continue
    if (found.sha256 && found.sha256 !== wheel.sha256)
      throw new FetchError(
        'changed',
        `${withoutCredentials(page)} has another ${wheel.filename}: SHA-256 ${found.sha256}`,
        {
          url: withoutCredentials(page),
          hint: `The pinned one has ${wheel.sha256}. Point PIP_INDEX_URL to an index that mirrors the public one.`,
        },
      )
    return withCredentialsOf(page, found.url)
  }
  if (missing && pages.length === 1) throw missing
  throw new FetchError('not-found', `No ${wheel.filename} on ${pages.map(withoutCredentials).join(', ')}`, {
    url: withoutCredentials(pages[0]),
    hint: 'This index does not have it: point PIP_INDEX_URL to one that mirrors the public index.',
  })
}

/** All files that the first index lists for a package. Throws FetchError. */
export async function listWheels(packageUrl: string, http: Http): Promise<IndexedFile[]> {
  const [page] = indexPages(packageUrl, pipSettings())
  return listFiles(page, http)
}

/** The package's pages on the indexes, in the order to ask. */
function indexPages(packageUrl: string, { index, extraIndexes }: PipSettings): string[] {
  const purl = PackageURL.fromString(packageUrl)
  return [index, ...extraIndexes].map((address) => {
    if (address === undefined) {
      const known = UrlConverter.toDownloadUrl(purl)
      if (!known) throw new Error(`No download address is known for ${packageUrl}`)
      return known.url
    }
    if (!isWebAddress(address)) {
      const named = withoutCredentials(address)
      throw new FetchError('not-found', `The package index "${named}" of pip's settings is no web address`, {
        hint: 'Correct PIP_INDEX_URL (or index-url in pip.conf): https://HOST/simple.',
      })
    }
    return `${address.replace(/\/+$/, '')}/${purl.name}/`
  })
}

async function listFiles(page: string, http: Http): Promise<IndexedFile[]> {
  const response = await http.get(page, { accept: ACCEPT })
  const base = response.url || page
  const text = (await bodyOf(response, page)).toString('utf8')
  if (!response.headers.get('content-type')?.includes('json')) return parseSimpleHtml(text, base)
  return parseSimpleJson(text, base)
}

/** The fields of PEP 691 that are read. */
interface SimpleFile {
  filename: string
  url: string
  hashes?: { sha256?: string }
}

/** Throws FetchError for what is no page of an index. */
function parseSimpleJson(text: string, base: string): IndexedFile[] {
  try {
    const { files } = parseJson(text) as { files: SimpleFile[] }
    return files.map(({ filename, url, hashes }) => {
      if (typeof filename !== 'string' || typeof url !== 'string') throw new TypeError('a file without name or address')
      return { filename, url: new URL(url, base).href, sha256: hashes?.sha256 }
    })
  } catch (cause) {
    const url = withoutCredentials(base)
    throw new FetchError('answer', `${url} answers with JSON that is no page of a package index`, {
      url,
      hint: 'Point PIP_INDEX_URL (or index-url in pip.conf) to a simple index: https://HOST/simple.',
      cause,
    })
  }
}

/** The anchors of a PEP 503 page: `<a href="../../x.whl#sha256=...">x.whl</a>`. */
export function parseSimpleHtml(html: string, base: string): IndexedFile[] {
  const files: IndexedFile[] = []
  // No tag has another within: a page of millions of unfinished ones is passed over once.
  for (const [, attributes, text] of html.matchAll(/<a\s([^<>]*)>([^<]*)<\/a>/gi)) {
    const quoted = /(?:^|\s)href\s*=\s*("[^"]*"|'[^']*')/i.exec(attributes)?.[1]
    if (quoted === undefined) continue
    const address = quoted.slice(1, -1).replaceAll('&amp;', '&')
    if (!URL.canParse(address, base)) continue
    const url = new URL(address, base)
    const sha256 = /sha256=([0-9a-f]{64})/.exec(url.hash)?.[1]
    url.hash = ''
    files.push({ filename: text.trim(), url: url.href, sha256 })
  }
  return files
}

/** Files on the index's own server need the index's login; another server must not see it. */
function withCredentialsOf(page: string, url: string): string {
  const from = new URL(page)
  const to = new URL(url)
  if (!sameOrigin(page, url) || to.username) return to.href
  to.username = from.username
  to.password = from.password
  return to.href
}
