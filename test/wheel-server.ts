/** A package index on this machine for tests: wheels made on the spot, served with ranges, misbehaving on request. */
import { createHash } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import { vi } from 'vitest'
import type { PinnedWheel } from '../src/fetch/install.js'

export interface WheelRequest {
  path: string
  /** First byte asked for; undefined without a range. */
  from?: number
  /** Bytes of the body that were sent. */
  sent: number
  headers: http.IncomingHttpHeaders
}

export interface Misbehaviour {
  /** Statuses to answer with, one request each, before behaving. */
  statuses?: number[]
  /** Bodies of wheels longer than this are cut off after as many bytes. */
  cutAfter?: number
  /** How many bodies to cut; then none. */
  cuts?: number
  /** Bytes per millisecond of the longer bodies. */
  pace?: number
  noRanges?: boolean
  /** An HTML page in place of JSON. */
  html?: boolean
  /** What the index says is the wheel's SHA-256. */
  claimedSha256?: string
}

export interface WheelServer {
  index: string
  requests: WheelRequest[]
  misbehave: Misbehaviour
  /** Requests for the wheel's bytes. */
  wheelRequests(): WheelRequest[]
  close(): Promise<void>
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Bytes that do not compress: the hashes of a counter. */
export function noise(length: number, seed = 0): Uint8Array {
  const blocks: Buffer[] = []
  for (let have = 0, i = 0; have < length; have += 32, i++)
    blocks.push(createHash('sha256').update(`${seed}:${i}`).digest())
  return new Uint8Array(Buffer.concat(blocks).subarray(0, length))
}

/** A wheel of these files, its bytes, and how `wanted` ones of them would be pinned. */
export async function makeWheel(files: Record<string, Uint8Array>, wanted = Object.keys(files)) {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  const packed = new Map<string, number>()
  for (const [path, bytes] of Object.entries(files)) {
    const entry = await writer.add(path, new Uint8ArrayReader(bytes), { level: 6 })
    packed.set(path, entry.compressedSize)
  }
  const bytes = await writer.close()
  const wheel: PinnedWheel = {
    package: 'pkg:pypi/sample@1.0',
    filename: 'sample-1.0-py3-none-any.whl',
    sha256: sha256(bytes),
    size: bytes.length,
    files: wanted.map((path) => ({
      path,
      size: files[path].length,
      sha256: sha256(files[path]),
      packed: packed.get(path)!,
    })),
  }
  return { bytes, wheel }
}

/** Serves a wheel, and makes pip's settings of this process name the server. */
export async function serveWheel(bytes: Uint8Array, wheel: PinnedWheel): Promise<WheelServer> {
  const requests: WheelRequest[] = []
  const misbehave: Misbehaviour = {}
  const server = http.createServer(async (request, response) => {
    const from = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const entry: WheelRequest = { path: request.url ?? '', sent: 0, headers: request.headers }
    if (from) entry.from = Number(from[1])
    requests.push(entry)
    const status = misbehave.statuses?.shift()
    if (status) return void response.writeHead(status).end()
    if (entry.path === '/simple/sample/') return sendIndex(response)
    if (entry.path !== `/files/${wheel.filename}`) return void response.writeHead(404).end()
    if (!from || misbehave.noRanges) return void response.writeHead(200).end(bytes)
    const body = bytes.subarray(entry.from, Number(from[2]) + 1)
    response.writeHead(206, {
      'content-range': `bytes ${from[1]}-${from[2]}/${bytes.length}`,
      'content-length': body.length,
    })
    await sendBody(response, body, entry)
  })

  function sendIndex(response: http.ServerResponse) {
    const url = `../../files/${wheel.filename}`
    const hash = misbehave.claimedSha256 ?? wheel.sha256
    if (misbehave.html) {
      const link = `<a href="${url}#sha256=${hash}" data-requires-python="&gt;=3">${wheel.filename}</a>`
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<html><body>${link}<br/></body></html>`)
      return
    }
    const files = [{ filename: wheel.filename, url, hashes: { sha256: hash } }]
    response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' }).end(JSON.stringify({ files }))
  }

  async function sendBody(response: http.ServerResponse, body: Uint8Array, entry: WheelRequest) {
    const cut = misbehave.cutAfter !== undefined && body.length > misbehave.cutAfter && (misbehave.cuts ?? 1) > 0
    if (cut) misbehave.cuts = (misbehave.cuts ?? 1) - 1
    const end = cut ? misbehave.cutAfter! : body.length
    const step = misbehave.pace ?? end
    for (let at = 0; at < end && !response.destroyed; at += step) {
      const chunk = body.subarray(at, Math.min(at + step, end))
      await new Promise((resolve) => response.write(chunk, resolve))
      entry.sent += chunk.length
      if (misbehave.pace) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    if (cut) response.destroy()
    else response.end()
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`
  usePipSettings({ PIP_INDEX_URL: index })
  return {
    index,
    requests,
    misbehave,
    wheelRequests: () => requests.filter(({ path }) => path.startsWith('/files/')),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Only these settings of pip's hold, and no proxy; `vi.unstubAllEnvs` undoes it. */
export function usePipSettings(settings: Record<string, string>): void {
  for (const name of Object.keys(process.env)) if (/^(PIP_|https?_proxy$|no_proxy$)/i.test(name)) vi.stubEnv(name, '')
  vi.stubEnv('PIP_CONFIG_FILE', os.devNull)
  vi.stubEnv('ISENTROPE_OFFLINE', '')
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
}
