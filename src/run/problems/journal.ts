/**
 * What is finished of a set of problems that are sampled, on disk: a JSON line for each problem, written and synced when its
 * window is finished, and never changed. A process that was killed while it wrote leaves a line without its end, which is cut
 * away.
 */
import { existsSync, readFileSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { type Disk, replaceFile } from '../store/disk.js'
import { readJsonLines, toJsonLine } from '../store/json-lines.js'

/** What every line says of its problem. */
export interface ProblemLine {
  /** The problem's place in its data set. */
  index: number
  id: string
}

export interface Journal<Line extends ProblemLine> {
  /** Finished problems by their index. */
  done: ReadonlyMap<number, Line>
  append(lines: readonly Line[]): void
}

/** A journal that is kept in memory alone. */
export const memoryJournal = <Line extends ProblemLine>(): Journal<Line> => journalOf<Line>([], () => {})

function journalOf<Line extends ProblemLine>(
  lines: readonly Line[],
  write: (lines: readonly Line[]) => void,
): Journal<Line> {
  const done = new Map(lines.map((line) => [line.index, line]))
  return {
    done,
    append(fresh) {
      write(fresh)
      for (const line of fresh) done.set(line.index, line)
    },
  }
}

/** What a journal's lines must be of. */
export interface JournaledProblems<Line extends ProblemLine> {
  /** The ids in the data set's order. */
  ids: readonly string[]
  samples: number
  samplesOf(line: Line): number | undefined
}

/**
 * Opens the journal at `path`, which may be absent.
 * @throws UserError for a journal of other problems or samples, and for a damaged one.
 */
export function openJournal<Line extends ProblemLine>(
  disk: Disk,
  path: string,
  { ids, samples, samplesOf }: JournaledProblems<Line>,
): Journal<Line> {
  const lines = readLines<Line>(path)
  if (lines.some((line) => ids[line.index] !== line.id || samplesOf(line) !== samples)) {
    throw new UserError(`${path}: holds other problems than the data`, {
      hint: 'remove it to sample all of its problems again',
    })
  }
  const text = lines.map(toJsonLine).join('')
  if (existsSync(path) && readFileSync(path, 'utf8') !== text) replaceFile(disk, path, text)
  return journalOf(lines, (fresh) => disk.append(path, fresh.map(toJsonLine).join('')))
}

function readLines<Line>(path: string): Line[] {
  try {
    return readJsonLines<Line>(path)
  } catch (cause) {
    throw new UserError((cause as Error).message, { hint: 'remove the line to sample its problem again', cause })
  }
}
