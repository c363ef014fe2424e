/**
 * A zip file on a server, of which only some entries are wanted. Its directory stands at its end, so a few ranges tell
 * where each entry lies; an entry's span (local header and data) is one contiguous download, and zip.js unpacks it
 * from there as if the whole archive were present.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { type FileEntry, Reader, ZipReader } from '@zip.js/zip.js'
import { type Http, LONGEST_ANSWER } from './http.js'
import { type RemoteFile, readSpan, type Span } from './ranges.js'

export interface ZipMember {
  /** Where the local header and the packed data lie in the archive. */
  span: Span
  /** Unpacked size in bytes, as the archive's directory says. */
  size: number
  /** Unpacks from `packed`, a file that holds the span, into `to`; at most `limit` bytes. Returns size and SHA-256. */
  unpack(packed: string, to: string, limit: number): Promise<{ size: number; sha256: string }>
}

/** How much of the end of the archive is read at once: its end record and the longest comment (65,557 bytes), and some of the directory. */
const TAIL = 66 * 1024

/** Members by path. Throws FetchError, or zip.js's errors where the archive is malformed. */
export async function openRemoteZip(file: RemoteFile, http: Http): Promise<Map<string, ZipMember>> {
  const reader = new PatchedReader(file, http)
  const entries = await new ZipReader(reader, { useWebWorkers: false }).getEntries()
  const offsets = [...entries.map((entry) => entry.offset), file.size].sort((a, b) => a - b)
  const members = new Map<string, ZipMember>()
  for (const entry of entries) {
    if (entry.directory) continue
    const span = { start: entry.offset, end: offsets[offsets.lastIndexOf(entry.offset) + 1] }
    members.set(entry.filename, {
      span,
      size: entry.uncompressedSize,
      unpack: (packed, to, limit) => unpack(reader, entry, span, packed, to, limit),
    })
  }
  return members
}

async function unpack(reader: PatchedReader, entry: FileEntry, span: Span, packed: string, to: string, limit: number) {
  const hash = createHash('sha256')
  let size = 0
  const [source, target] = [await open(packed, 'r'), await open(to, 'w', 0o755)]
  const writable = new WritableStream<Uint8Array>({
    async write(chunk) {
      size += chunk.length
      if (size > limit) throw new Error(`${entry.filename} unpacks to more than ${limit} bytes`)
      hash.update(chunk)
      await target.writeFile(chunk)
    },
  })
  try {
    reader.patch = { span, source }
    await entry.getData(writable, { useWebWorkers: false, checkSignature: false })
    await target.sync()
  } finally {
    reader.patch = undefined
    await source.close()
    await target.close()
  }
  return { size, sha256: hash.digest('hex') }
}

/** The archive as zip.js sees it: ranges of the server's file, with one span of it lying on disk. */
class PatchedReader extends Reader<RemoteFile> {
  patch?: { span: Span; source: FileHandle }
  readonly #file: RemoteFile
  readonly #http: Http
  #tail?: Promise<Uint8Array>

  constructor(file: RemoteFile, http: Http) {
    super(file)
    this.#file = file
    this.#http = http
    this.size = file.size
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const end = Math.min(index + length, this.size)
    const { patch } = this
    if (patch && index >= patch.span.start && end <= patch.span.end) {
      const bytes = new Uint8Array(end - index)
      let have = 0
      while (have < bytes.length) {
        const { bytesRead } = await patch.source.read(bytes, have, bytes.length - have, index - patch.span.start + have)
        if (bytesRead === 0) break
        have += bytesRead
      }
      return bytes.subarray(0, have)
    }
    const tailStart = Math.max(0, this.size - TAIL)
    if (end - index > LONGEST_ANSWER) throw new Error(`the archive asks for ${end - index} bytes of its directory`)
    if (index < tailStart) return readSpan(this.#file, { start: index, end }, this.#http)
    this.#tail ??= readSpan(this.#file, { start: tailStart, end: this.size }, this.#http)
    return (await this.#tail).subarray(index - tailStart, end - tailStart)
  }
}
