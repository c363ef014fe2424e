/** The three streams of a command; tests put others in their place. */
import type { Readable, Writable } from 'node:stream'

export interface Io {
  stdin: Readable & { isTTY?: boolean }
  stdout: Writable & { isTTY?: boolean; columns?: number }
  stderr: Writable & { isTTY?: boolean; columns?: number }
}

export const processIo: Io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }

/** Writes, and waits where the reader is slower than we are. */
export async function print(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await new Promise<void>((resolve) => stream.once('drain', resolve))
}

/** One line of JSON. What is not a finite number is null: JSON knows no other. */
export const jsonLine = (value: unknown) => `${JSON.stringify(value)}\n`
