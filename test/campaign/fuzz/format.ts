import type { Choices } from './mutate.js'

/** A format of input that the campaign damages. */
export interface FuzzedFormat {
  /** Intact files. Each is read once before any is damaged, and must be accepted. */
  seeds: readonly Buffer[]
  damage(file: Buffer, choices: Choices): Buffer
  /** Reads a file to the end, as the commands do. A message of ours is a UserError or a Failure. */
  read(file: Buffer): unknown
  close?(): Promise<void>
}

/** Makes a format. `directory` is an empty one of its own. */
export type MakeFormat = (directory: string) => FuzzedFormat | Promise<FuzzedFormat>
