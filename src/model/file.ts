import { closeSync, fstatSync, openSync, readFileSync, readSync, type Stats, statSync } from 'node:fs'
import { UserError } from '../base/errors.js'

/** One read call takes at most 2^31 - 1 bytes; larger tensors are read in pieces of this size. */
const maxReadBytes = 2 ** 30

/** An open file of known size that is read at absolute offsets. */
export interface RandomAccessFile {
  readonly path: string
  readonly size: number
  /** Fills `into` from `offset`; throws where the file has become shorter than it was. */
  read(offset: number, into: Uint8Array): void
  close(): void
}

export function openFile(path: string): RandomAccessFile {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (cause) {
    throw unreadable(path, cause)
  }
  const stat = fstatSync(fd)
  if (!stat.isFile()) {
    closeSync(fd)
    throw new UserError(`${path} is not a regular file`)
  }
  let open = true
  return {
    path,
    size: stat.size,
    read(offset, into) {
      // The number of a closed file may by now be another file's.
      if (!open) throw new Error(`${path} is closed`)
      let done = 0
      while (done < into.length) {
        const count = readSync(fd, into, done, Math.min(into.length - done, maxReadBytes), offset + done)
        if (count === 0)
          throw new UserError(`${path} ended at byte ${offset + done}: it was shortened while being read`)
        done += count
      }
    },
    close() {
      if (open) closeSync(fd)
      open = false
    },
  }
}

/** The whole of a small file as text. Refuses more than `maxBytes` before reading a byte. */
export function readText(path: string, maxBytes = 2 ** 28): string {
  return new TextDecoder('utf-8', { fatal: false, ignoreBOM: false }).decode(readBytes(path, maxBytes))
}

/** The whole of a small file. Refuses more than `maxBytes` before reading a byte. */
export function readBytes(path: string, maxBytes = 2 ** 28): Uint8Array {
  try {
    const { size } = statSync(path)
    if (size > maxBytes)
      throw new UserError(`${path} has ${size} bytes, more than the ${maxBytes} such a file may have`)
    return readFileSync(path)
  } catch (cause) {
    throw cause instanceof UserError ? cause : unreadable(path, cause)
  }
}

/** What is at a path; undefined where there is nothing, as below a file. @throws UserError where that cannot be told */
export function statAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): UserError {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return new UserError(`${path} does not exist`, { cause })
  if (code === 'EACCES') return new UserError(`${path} may not be read: permission denied`, { cause })
  if (code === 'EISDIR') return new UserError(`${path} is a directory, not a file`, { cause })
  return new UserError(`${path} cannot be read: ${(cause as Error).message}`, { cause })
}
