/** A Hugging Face hub with data sets, on localhost: the endpoints that listing and fetching files needs. */
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HubServer {
  url: string
  /** Answers everything with it where it is set. */
  status: number | undefined
  /** Repositories by name, each file's content by path; files of 100 bytes and more are kept as LFS objects. */
  datasets: Record<string, Record<string, Buffer | string>>
  requests: { url: string; authorization: string | undefined }[]
  /** Bytes after which a file's transfer breaks off; Infinity: never. */
  breakAfter: number
  commit: string
  close(): Promise<void>
}

const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex')
const gitHashOf = (content: Buffer) =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')

export async function startHubServer(): Promise<HubServer> {
  const hub: HubServer = {
    url: '',
    status: undefined,
    datasets: {},
    requests: [],
    breakAfter: Infinity,
    commit: 'c'.repeat(40),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  const json = (response: ServerResponse, value: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  const server = createServer((request, response) => {
    const { url = '', headers } = request
    hub.requests.push({ url, authorization: headers.authorization })
    if (hub.status !== undefined) return response.writeHead(hub.status).end('{"error":"no"}')
    const path = decodeURIComponent(url.split('?')[0]!)
    const [, name = '', rest = ''] = /^\/(?:api\/)?datasets\/([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? []
    const files = hub.datasets[name]
    if (files === undefined) return response.writeHead(404).end()
    if (rest.startsWith('revision/')) return json(response, { _id: 'x', id: name, sha: hub.commit })
    if (rest.startsWith('tree/')) {
      return json(
        response,
        Object.entries(files).map(([path, text]) => {
          const content = Buffer.from(text)
          const lfs = { oid: hashOf(content), size: content.length }
          return {
            type: 'file',
            path,
            size: content.length,
            oid: gitHashOf(content),
            ...(content.length < 100 ? {} : { lfs }),
          }
        }),
      )
    }
    const content = files[rest.replace(/^resolve\/[^/]+\//, '')]
    if (content === undefined) return response.writeHead(404).end()
    return sendFile(Buffer.from(content), headers.range, response)
  })

  function sendFile(content: Buffer, range: string | undefined, response: ServerResponse): void {
    const [, start = '0', end = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    const part = content.subarray(Number(start), end === '' ? undefined : Number(end) + 1)
    response.writeHead(range === undefined ? 200 : 206, {
      'content-length': part.length,
      ...(range && { 'content-range': `bytes ${start}-${Number(start) + part.length - 1}/${content.length}` }),
    })
    if (part.length <= hub.breakAfter) response.end(part)
    else response.write(part.subarray(0, hub.breakAfter), () => response.destroy())
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return hub
}
