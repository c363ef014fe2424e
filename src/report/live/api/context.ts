/** What the routes of the live pages share. */
import type { Hono } from 'hono'
import type { AlternativesDesk } from '../alternatives.js'
import type { LiveRun } from '../live-run.js'
import type { RolloutsDesk } from '../rollouts-desk.js'

export interface ApiContext {
  app: Hono
  runs(): LiveRun[]
  /** @throws NotFound */
  runOf(id: string): LiveRun
  /** The text of a token of the run; undefined where its tokenizer is not here. */
  decoder(run: LiveRun): Promise<((id: number) => string) | undefined>
  alternatives: AlternativesDesk
  rollouts: RolloutsDesk
}

export class NotFound extends Error {}

/** Seconds of a query at most. */
export const querySeconds = 10

export function wholeNumber(text: string | undefined, fallback = 0): number {
  const value = Number(text ?? fallback)
  return Number.isSafeInteger(value) && value >= 0 ? value : fallback
}
