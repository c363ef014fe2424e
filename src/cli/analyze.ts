import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import type { Command } from 'commander'
import { UserError } from '../base/errors.js'
import { type ApplyTo, applyToNames, type ClipOptions, type ClipPreset, clipPresets } from '../entropy/clip-options.js'
import {
  type Analysis,
  analyzeCompletions,
  type LoggedCompletion,
  type LogSettings,
  readLogLine,
  settingsOf,
} from '../entropy/index.js'
import { renderAnalysisPage } from '../report/pages/analyze.js'
import { renderAnalysis } from '../report/terminal/analyze.js'
import { realDisk, replaceFile } from '../run/store/disk.js'
import { newCommand, numberOption } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { parsePythonJson, readJsonInput } from './json-input.js'

const help = `
Reads JSON lines with sampled tokens and their top-k log-probabilities, as inference servers write them:
  OpenAI chat completions   choices[].logprobs.content[].{token, logprob, top_logprobs}
  OpenAI completions        choices[].logprobs.{tokens, token_logprobs, top_logprobs}
  vLLM's RequestOutput      outputs[].{token_ids, logprobs: [{id: {logprob, rank, decoded_token}}]}
  vLLM, scored prompts      prompt_token_ids, prompt_logprobs, if the completion has no logprobs
  plain                     {"tokens", "logprobs", "top_logprobs"}

With "reward" (or "rewards" for several choices) and "group", or with "advantage", reports what the update does to entropy.
Without them, reports what rewarding each token would do. Several choices of one line, and equal prompts, are one group.

A top-k list does not say how the rest of the probability is spread, so every number is an interval that contains the true
value. The interval depends on --vocab-size. --temperature is that of the log-probabilities: 1 if the server reports them
before it applies the temperature (vLLM's default), else the sampling temperature. The file may state both as "vocab_size"
and "temperature".

With --json, prints one line per completion with intervals as [low, high] in nats, and {summary} last:
  {where, group, reward, tokens}
  tokens  [{text, logprob, entropy, S, expectedS, centredS, missingMass, ifRewarded, advantage, effect, update, clipB, clipV}]

Examples:
  $ isentrope analyze rollouts.jsonl --vocab-size 151936 --temperature 1
  $ isentrope analyze rollouts.jsonl --vocab-size 32000 --temperature 0.7 --mu-low 2 --mu-high 2
  $ isentrope analyze - --vocab-size 49152 --temperature 1 --json < log.jsonl
`

interface AnalyzeFlags {
  vocabSize?: number
  temperature?: number
  logprobError?: number
  preset?: ClipPreset
  muLow?: number
  muHigh?: number
  applyTo?: ApplyTo
  maxFraction?: number
  tokens: number
  html?: string
  json?: boolean
}

const positive = numberOption({ minimum: 0, exclusive: true })
const mu = (text: string) => (text === 'inf' || text === 'Infinity' ? Infinity : numberOption({ minimum: 0 })(text))
const rowCount = (text: string) => (text === 'all' ? Infinity : numberOption({ minimum: 0, whole: true })(text))

export function analyzeCommand(io: Io = processIo): Command {
  const command = newCommand('analyze', help)
  return command
    .argument('<file>', 'JSON lines, or - for standard input')
    .option('--vocab-size <n>', 'vocabulary size V, the number of logits', numberOption({ minimum: 1, whole: true }))
    .option('--temperature <t>', 'temperature of the log-probabilities', positive)
    .option(
      '--logprob-error <nats>',
      'largest error of a log-probability (default: float32)',
      numberOption({ minimum: 0 }),
    )
    .addOption(
      command
        .createOption('--preset <name>', 'preset of the clips (default: trinity; paper if you set a mu)')
        .choices(clipPresets),
    )
    .option('--mu-low <sigmas>', 'lower bound of the clips in standard deviations, or inf', mu)
    .option('--mu-high <sigmas>', 'upper bound of the clips in standard deviations, or inf', mu)
    .addOption(
      command
        .createOption('--apply-to <sign>', 'sign of the advantages whose tokens may be masked')
        .choices(applyToNames),
    )
    .option('--max-fraction <share>', 'largest share that may be masked', numberOption({ minimum: 0, maximum: 1 }))
    .option('--tokens <n>', 'number of tokens to list, or all', rowCount, 20)
    .option('--html <file>', 'write a page with colored tokens')
    .option('--json', 'print JSON lines')
    .action(async (file: string, flags: AnalyzeFlags) => {
      const { completions, settings } = await readLog(file, io, flags)
      const clip = clipOptions(flags)
      const options = { ...settings, logprobError: flags.logprobError, clipB: clip, clipV: clip }
      const analysis = analyzeCompletions(completions, options)
      if (flags.html !== undefined) writePage(flags.html, file, analysis, settings)
      if (flags.json) return printJson(analysis, settings, io)
      const width = io.stdout.columns ?? 100
      await print(io.stdout, renderAnalysis({ analysis, settings, rows: flags.tokens, width }))
      if (flags.html !== undefined) await print(io.stderr, `Wrote ${flags.html}\n`)
    })
}

async function readLog(
  file: string,
  io: Io,
  { vocabSize, temperature }: AnalyzeFlags,
): Promise<{ completions: LoggedCompletion[]; settings: LogSettings }> {
  const [input, name] = file === '-' ? [io.stdin, 'stdin'] : [await openFile(file), file]
  const completions: LoggedCompletion[] = []
  let header: Partial<LogSettings> = {}
  const lines = readJsonInput(input, (line, _, where) => readLogLine(line, where), { name, parse: parsePythonJson })
  for await (const read of lines) {
    if (Array.isArray(read)) {
      completions.push(
        ...read.map((completion) => ({
          ...completion,
          vocabSize: completion.vocabSize ?? header.vocabSize,
          temperature: completion.temperature ?? header.temperature,
        })),
      )
    } else {
      header = read
    }
  }
  return { completions, settings: settingsOf(completions, { vocabSize, temperature }) }
}

async function openFile(file: string): Promise<Readable> {
  try {
    const handle = await open(file)
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream()
    await handle.close()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new UserError(`cannot read ${file}: ${code === 'ENOENT' || code === 'ENOTDIR' ? 'no such file' : code}`, {
      cause,
    })
  }
  throw new UserError(`cannot read ${file}: it is a directory`)
}

/** The released code's preset unless a width is given; a side without a width is then open, as in a recipe. */
function clipOptions({ preset, muLow, muHigh, applyTo, maxFraction }: AnalyzeFlags): ClipOptions {
  const paper = preset === 'paper' || (preset === undefined && (muLow ?? muHigh) !== undefined)
  if (!paper) return { preset: 'trinity', muLow, muHigh, applyTo, maxFraction }
  if (muLow === undefined && muHigh === undefined) {
    throw new UserError('--preset paper needs --mu-low or --mu-high', { hint: 'The paper has no default for them.' })
  }
  return { preset: 'paper', muLow: muLow ?? Infinity, muHigh: muHigh ?? Infinity, applyTo, maxFraction }
}

function writePage(path: string, file: string, analysis: Analysis, settings: LogSettings): void {
  const title = `Entropy of ${file === '-' ? 'a log' : basename(file)}`
  replaceFile(realDisk, path, renderAnalysisPage({ analysis, settings, title }))
}

async function printJson({ completions, summary }: Analysis, settings: LogSettings, io: Io): Promise<void> {
  for (const completion of completions) await print(io.stdout, jsonLine(completion))
  await print(io.stdout, jsonLine({ summary: { ...settings, ...summary } }))
}
