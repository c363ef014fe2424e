/** SHA-256 of the files of a checkpoint: written into its state.json, and held against the files when it is loaded. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** By the file's path below the directory, with forward slashes; lower-case hexadecimal. */
export type FileHashes = Record<string, string>

const blockBytes = 1 << 22

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    const block = Buffer.allocUnsafe(blockBytes)
    for (;;) {
      const { bytesRead } = await file.read(block, 0, blockBytes)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(block.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}

function filesBelow(directory: string, prefix = ''): string[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = `${prefix}${entry.name}`
    if (entry.isDirectory()) return filesBelow(directory, `${path}/`)
    return entry.isFile() ? [path] : []
  })
}

/** Of every file below the directory, in the order of their paths. */
export async function hashFiles(directory: string): Promise<FileHashes> {
  const hashes: FileHashes = {}
  for (const path of filesBelow(directory).sort()) hashes[path] = await hashFile(join(directory, path))
  return hashes
}

/** What is wrong with the first file that is not as it was saved; only files whose path begins with `below`. */
export async function changedFile(directory: string, saved: FileHashes, below = ''): Promise<string | undefined> {
  for (const [path, hash] of Object.entries(saved)) {
    if (!path.startsWith(below)) continue
    const file = join(directory, path)
    if (!existsSync(file)) return `${file} is missing`
    const present = await hashFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EIO') throw error
    })
    if (present === undefined) return `${file} cannot be read from the disk (EIO)`
    if (present !== hash) return `${file} is not as it was saved: its SHA-256 differs`
  }
  return undefined
}

export const hashText = (text: string): string => createHash('sha256').update(text).digest('hex')
