/**
 * Reads damaged files of one format, one after the other: `FUZZ` is a JSON object of a {@link FuzzTask}. Before each case
 * the task's progress file says which one it is, so that the parent knows it whatever becomes of this process.
 */
import { appendFileSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { rngFrom } from '../../../src/base/philox.js'
import { reportError } from '../../../src/cli/errors.js'
import { formats } from './formats.js'
import { choicesOf } from './mutate.js'

export interface FuzzTask {
  format: string
  /** Of the random numbers. */
  seed: number
  first: number
  last: number
  /** An empty directory for the format's files. */
  directory: string
  /** Gets one line: the case under way, and how many were accepted and refused. */
  progress: string
  /** Gets a line of JSON for each case that failed. */
  failures: string
}

/** A message quotes what is wrong; it does not repeat a whole file. */
const longestMessage = 4000

const task = JSON.parse(process.env.FUZZ!) as FuzzTask
const stream = Object.keys(formats).indexOf(task.format)
const format = await formats[task.format]!(task.directory)
const progress = openSync(task.progress, 'w')

/** What is wrong with how the file was read; otherwise whether it was accepted. */
async function judge(file: Buffer): Promise<string | boolean> {
  let said = ''
  let accepted = true
  try {
    const result = (await format.read(file)) as { code?: number; err?: string } | undefined
    if (result?.code !== undefined) {
      accepted = result.code === 0
      said = result.err ?? ''
    }
  } catch (error) {
    accepted = false
    reportError(error, [], (text) => {
      said += text
    })
    if (/hint: unexpected/.test(said)) said += error instanceof Error ? error.stack : ''
  }
  if (/hint: unexpected/.test(said)) return `unexpected: ${said.slice(0, 1500)}`
  if (said.length > longestMessage) return `a message of ${said.length} characters: ${said.slice(0, 300)}`
  if (said.includes('\u001b')) return `escape sequences: ${JSON.stringify(said.slice(0, 300))}`
  return accepted
}

const counts = { accepted: 0, refused: 0 }
const tell = (at: number) => writeSync(progress, `${at} ${counts.accepted} ${counts.refused}`.padEnd(60), 0)

tell(-1)
for (const [i, seed] of format.seeds.entries()) {
  const outcome = await judge(seed)
  if (outcome !== true) throw new Error(`the intact file ${i} of ${task.format} is not accepted: ${outcome}`)
}
for (let at = task.first; at <= task.last; at++) {
  tell(at)
  const choices = choicesOf(rngFrom(task.seed, 4, stream, at))
  const file = format.damage(format.seeds[choices.below(format.seeds.length)]!, choices)
  writeFileSync(join(task.directory, 'damaged'), file)
  const outcome = await judge(file)
  if (typeof outcome === 'string') appendFileSync(task.failures, `${JSON.stringify({ at, outcome })}\n`)
  else counts[outcome ? 'accepted' : 'refused']++
}
tell(task.last + 1)
await format.close?.()
process.exit(0)
