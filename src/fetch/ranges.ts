/**
 * Byte ranges of a file on a server: small ones into memory, large ones into a partial file that a later call, also
 * one of another process, continues. Offsets count bytes from the file's start; `end` is exclusive.
 */
import { open, stat } from 'node:fs/promises'
import { FetchError, withoutCredentials } from './errors.js'
import { type Http, networkError, piecesOf } from './http.js'

export interface RemoteFile {
  url: string
  /** Length of the whole file in bytes. */
  size: number
}

export interface Span {
  start: number
  end: number
}

/** The span's bytes. Throws FetchError. */
export async function readSpan(file: RemoteFile, { start, end }: Span, http: Http): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start)
  let have = 0
  await receive(file, { start, end }, http, {
    have: () => have,
    take: async (chunk) => {
      bytes.set(chunk, have)
      have += chunk.length
    },
  })
  return bytes
}

/**
 * The span's bytes appended to the file at `partial`, which is continued where it ends.
 * `onBytes` hears how many bytes of the span are there. Throws FetchError; what was received stays.
 */
export async function downloadSpan(
  file: RemoteFile,
  { start, end }: Span,
  partial: string,
  http: Http,
  onBytes: (have: number) => void,
): Promise<void> {
  let have = await stat(partial).then(
    ({ size }) => size,
    () => 0,
  )
  const handle = await open(partial, have > end - start ? 'w' : 'a')
  if (have > end - start) have = 0
  try {
    onBytes(have)
    await receive(file, { start, end }, http, {
      have: () => have,
      take: async (chunk) => {
        await handle.writeFile(chunk)
        have += chunk.length
        onBytes(have)
      },
    })
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The whole file in one answer, into `to`: for servers that know no ranges. Throws FetchError, also if it is longer. */
export async function downloadWhole(
  { url, size }: RemoteFile,
  to: string,
  http: Http,
  onBytes: (have: number) => void = () => {},
): Promise<void> {
  const response = await http.get(url)
  const handle = await open(to, 'w')
  let have = 0
  try {
    for await (const piece of piecesOf(response, url, size)) {
      await handle.writeFile(piece)
      have += piece.length
      onBytes(have)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Asks for what is missing until nothing is; a cut connection is taken up again where it broke. */
async function receive(
  file: RemoteFile,
  { start, end }: Span,
  http: Http,
  sink: { have(): number; take(chunk: Uint8Array): Promise<void> },
): Promise<void> {
  let failures = 0
  while (sink.have() < end - start) {
    const from = start + sink.have()
    const response = await http.get(file.url, { range: `bytes=${from}-${end - 1}`, 'accept-encoding': 'identity' })
    await checkPartialContent(response, file, from)
    const before = sink.have()
    const reader = response.body!.getReader()
    let cut: unknown
    for (;;) {
      let chunk: Uint8Array | undefined
      try {
        chunk = (await reader.read()).value
      } catch (error) {
        cut = error
        break
      }
      if (!chunk) break
      const room = end - start - sink.have()
      await sink.take(chunk.length > room ? chunk.subarray(0, room) : chunk)
      if (chunk.length > room) await reader.cancel()
    }
    if (sink.have() >= end - start) return
    failures = sink.have() > before ? 1 : failures + 1
    if (failures >= http.attempts)
      throw networkError(
        file.url,
        cut ?? new Error(`the connection ended ${end - start - sink.have()} bytes too early`),
      )
    await http.rest(failures)
  }
}

async function checkPartialContent(response: Response, file: RemoteFile, from: number): Promise<void> {
  const url = withoutCredentials(file.url)
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? []
  if (response.status !== 206 || Number(first) !== from) {
    await response.body?.cancel()
    throw new FetchError('no-ranges', `${url} cannot be read in parts: status ${response.status} to a range request`, {
      url,
      status: response.status,
      hint:
        'The server (or a proxy before it) does not support HTTP range requests. Point PIP_INDEX_URL to another index, or ' +
        'pip-install the package from this one and name that installation: docs/install.md.',
    })
  }
  if (total !== '*' && Number(total) !== file.size) {
    await response.body?.cancel()
    throw new FetchError('changed', `${url} has ${total} bytes, the pinned file ${file.size}`, {
      url,
      hint: 'Point PIP_INDEX_URL to an index that mirrors the public one unchanged.',
    })
  }
}
