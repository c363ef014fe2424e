/** The short run that campaigns kill and damage, and what its directory holds. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeLetterTask, writeTinyModel } from '../training/tiny-model.js'

const preload = pathToFileURL(join(import.meta.dirname, 'kill-at.mjs')).href

/** Ends the process before its n-th change of a file of the run; `thread`: which of its threads counts. */
export interface KillAt {
  thread: 'main' | 'worker'
  change: number
}

export interface CampaignRun {
  /** Starts the run, or resumes it; `report`: a file that lists every change of a file. */
  start(directory: string, options?: { resume?: boolean; killAt?: KillAt; report?: string }): Started
}

export interface Started {
  child: ChildProcess
  /** Exit code, null where a signal ended it, and all that it wrote. */
  ended: Promise<{ code: number | null; text: string }>
}

/** Writes the model, task, and recipe of the run into `root`. */
export function campaignRun(root: string): CampaignRun {
  const recipe = join(root, 'recipe.yaml')
  writeFileSync(
    recipe,
    `model: ${writeTinyModel(join(root, 'model'))}
task: {name: ${writeLetterTask(join(root, 'letters.mjs'))}}
threads: 1
rollout: {promptsPerStep: 2, samplesPerPrompt: 2, maxNewTokens: 6}
train: {steps: 6, lr: 1.0e-2}
eval: {every: 2, problems: 2, samples: 2}
checkpoint: {every: 2, keep: 2}
ledger: {every: 3}
log: [tensorboard]
`,
  )
  return {
    start(directory, { resume = false, killAt, report } = {}) {
      const argv = ['train', recipe, '--run', directory, ...(resume ? ['--resume'] : [])]
      const watched = killAt !== undefined || report !== undefined
      const child = spawn(process.execPath, [...(watched ? ['--import', preload] : []), 'bin/isentrope.js', ...argv], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          NO_COLOR: '1',
          KILL_DIRECTORY: directory,
          KILL_THREAD: killAt?.thread,
          KILL_AT: killAt && String(killAt.change),
          KILL_REPORT: report,
        },
      })
      let text = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          text += chunk
        })
      }
      const ended = new Promise<{ code: number | null; text: string }>((resolve, reject) => {
        child.on('error', reject)
        child.on('close', (code) => resolve({ code, text }))
      })
      return { child, ended }
    },
  }
}

/** Everything of a run that repeats, by path: a hash, or the content without times. What lies aside is `LEFT`. */
export function contentsOf(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(directory.length + 1)
    if (entry.name.startsWith('.')) found[`LEFT ${name}`] = ''
    if (!entry.isFile()) continue
    if (name === 'environment.json' || name === 'report.html' || name === 'warnings.jsonl') continue
    // The name of an event file has the time and the process in it.
    if (name.startsWith('tensorboard')) continue
    const content = readFileSync(path)
    found[name] = name === 'metrics.jsonl' ? withoutTimes(content.toString()) : hash(content)
  }
  return found
}

const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex')

function withoutTimes(lines: string): string {
  const timed = (key: string) => /^time$|_seconds$|_tokens_per_s$|^rss_bytes$/.test(key)
  return lines
    .split('\n')
    .map((line) => {
      if (line === '') return ''
      const entries = Object.entries(JSON.parse(line) as Record<string, unknown>)
      return JSON.stringify(Object.fromEntries(entries.filter(([key]) => !timed(key))))
    })
    .join('\n')
}

/** Paths at which two runs differ. */
export const differing = (a: Record<string, string>, b: Record<string, string>): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => a[path] !== b[path])
