/**
 * A package index for tests: a local HTTP server with one small wheel, which answers ranges, and misbehaves as it is told.
 * Nothing outside this machine is asked.
 */
import { createHash } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import type { PinnedWheel } from '../src/fetch/install.js'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes that do not compress, the same for the same seed (xorshift32). */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed | 1
  for (let i = 0; i < length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state
  }
  return bytes
}

export async function zipOf(files: Record<string, Uint8Array>): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  for (const [name, bytes] of Object.entries(files)) await writer.add(name, new Uint8ArrayReader(bytes))
  return writer.close()
}

/** Pins `names` of a wheel; packed sizes are about the unpacked ones, as noise does not shrink. */
export function pin(wheel: Uint8Array, files: Record<string, Uint8Array>, names = Object.keys(files)): PinnedWheel {
  return {
    package: 'pkg:pypi/small@1.0',
    filename: 'small-1.0-py3-none-any.whl',
    sha256: sha256(wheel),
    size: wheel.length,
    files: names.map((path) => ({
      path,
      size: files[path].length,
      sha256: sha256(files[path]),
      packed: files[path].length,
    })),
  }
}

export interface PackageIndex {
  /** What PIP_INDEX_URL is set to. */
  url: string
  wheel: Uint8Array
  /** The file ranges asked for, in order. */
  ranges: { start: number; end: number }[]
  /** All requests' addresses, in order. */
  requests: string[]
  /** Bytes of the wheel that went out. */
  sent: number
  /** Cut so many answers that are longer than `cutAfter` bytes after that many bytes. */
  cuts: number
  cutAfter: number
  /** Answer so many requests with this status first. */
  failures: { count: number; status: number }
  /** Ignore the range header. */
  noRanges: boolean
  /** The index page as HTML (PEP 503) instead of JSON (PEP 691). */
  html: boolean
  /** The SHA-256 that the index claims. */
  claimed: string | undefined
  close(): Promise<void>
}

export async function startPackageIndex(wheel: Uint8Array): Promise<PackageIndex> {
  const server = http.createServer((request, response) => {
    const address = request.url ?? ''
    index.requests.push(address)
    if (index.failures.count > 0) {
      index.failures.count--
      response.writeHead(index.failures.status).end()
    } else if (address === '/simple/small/') page(response)
    else if (address.endsWith('.whl')) file(request, response)
    else response.writeHead(404).end()
  })

  function page(response: http.ServerResponse): void {
    const filename = 'small-1.0-py3-none-any.whl'
    if (index.html) {
      const hash = index.claimed ? `#sha256=${index.claimed}` : ''
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(`<!DOCTYPE html><html><body><a href="../../files/${filename}${hash}">${filename}</a></body></html>`)
    } else {
      const hashes = index.claimed ? { sha256: index.claimed } : {}
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' })
      response.end(JSON.stringify({ files: [{ filename, url: `../../files/${filename}`, hashes }] }))
    }
  }

  function file(request: http.IncomingMessage, response: http.ServerResponse): void {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (from === undefined || index.noRanges) {
      response.writeHead(200, { 'content-length': index.wheel.length }).end(index.wheel)
      return
    }
    const [start, end] = [Number(from), Math.min(Number(to) + 1, index.wheel.length)]
    index.ranges.push({ start, end })
    response.writeHead(206, {
      'content-range': `bytes ${start}-${end - 1}/${index.wheel.length}`,
      'content-length': end - start,
    })
    if (index.cuts > 0 && end - start > index.cutAfter) {
      index.cuts--
      index.sent += index.cutAfter
      response.write(index.wheel.subarray(start, start + index.cutAfter), () => response.socket?.end())
      return
    }
    index.sent += end - start
    response.end(index.wheel.subarray(start, end))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const index: PackageIndex = {
    url: `http://127.0.0.1:${port}/simple`,
    wheel,
    ranges: [],
    requests: [],
    sent: 0,
    cuts: 0,
    cutAfter: 0,
    failures: { count: 0, status: 503 },
    noRanges: false,
    html: false,
    claimed: sha256(wheel),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return index
}
