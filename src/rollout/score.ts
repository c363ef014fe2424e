/** `score`: what a model says of given texts, token by token. */
import { UserError } from '../base/errors.js'
import { checkVariables, type TemplateVariables, unusedVariables } from '../model/template/variables.js'
import type { OpenModel } from '../model/types.js'
import type { Dtype } from '../torch/index.js'
import { type EngineOptions, type ModelThread, openModelThread } from './model-thread.js'
import { nonFiniteLogits } from './not-finite.js'
import type { TokenStatistics } from './types.js'

export type ScoreInput = { tokens: number[] } | { prompt: string; completion: string }

/** Arrays as long as tokens; entry 0 is null, nothing predicts it. Nats. */
export interface ScoreLine {
  tokens: number[]
  logprobs: (number | null)[]
  entropy: (number | null)[]
  sumP2: (number | null)[]
  sumP2LogP: (number | null)[]
  S: (number | null)[]
  expectedS: (number | null)[]
}

export interface ScoreOptions extends EngineOptions {
  temperature?: number
  /** Render the prompt as a user's message by the model's chat template. */
  chat?: boolean
  /** Variables of the chat template. */
  template?: TemplateVariables
  /** Gets what does not stop the scoring but should be known. */
  onWarning?: (message: string) => void
}

/**
 * Scores each input in order under softmax(z / T). Text is tokenised as it stands, prompt and completion apart.
 * @throws UserError for ids outside the vocabulary, empty inputs and sequences longer than the model's positions.
 */
export async function* score(
  reference: string,
  inputs: Inputs<ScoreInput>,
  options: ScoreOptions = {},
): AsyncGenerator<ScoreLine> {
  const opened = await openToScore(reference, options)
  try {
    yield* scoreLines(opened, inputs, options)
  } finally {
    await opened.thread.close()
  }
}

/** {@link score} by a model that is open. */
export async function* scoreLines(
  opened: ModelThread,
  inputs: Inputs<ScoreInput>,
  options: ScoreOptions = {},
): AsyncGenerator<ScoreLine> {
  for await (const { tokens, statistics } of scoreInputs(opened, inputs, options)) {
    const line = (values: Float32Array | undefined) => [null, ...(values ?? [])]
    yield {
      tokens,
      logprobs: line(statistics?.logprob),
      entropy: line(statistics?.entropy),
      sumP2: line(statistics?.sumP2),
      sumP2LogP: line(statistics?.sumP2LogP),
      S: line(statistics?.S),
      expectedS: line(statistics?.expectedS),
    }
  }
}

type Inputs<Input> = AsyncIterable<Input> | Iterable<Input>

export interface ScoredInput<Input> {
  input: Input
  tokens: number[]
  /** Tokens of the prompt; undefined for an input of ids alone. */
  promptLength?: number
  /** Of every token but the first; absent where there is no other. */
  statistics?: TokenStatistics
}

/** {@link score} before its lines. */
export async function* scoreEach<Input extends ScoreInput>(
  reference: string,
  inputs: Inputs<Input>,
  options: ScoreOptions = {},
): AsyncGenerator<ScoredInput<Input>> {
  const opened = await openToScore(reference, options)
  try {
    yield* scoreInputs(opened, inputs, options)
  } finally {
    await opened.thread.close()
  }
}

function openToScore(reference: string, options: ScoreOptions): Promise<ModelThread> {
  const dtype = options.dtype ?? ((model: OpenModel) => precisionFor(model, options.device ?? 'cpu'))
  return openModelThread(reference, new URL('./worker.js', import.meta.url).href, { ...options, dtype })
}

async function* scoreInputs<Input extends ScoreInput>(
  { model, thread }: ModelThread,
  inputs: Inputs<Input>,
  options: ScoreOptions,
): AsyncGenerator<ScoredInput<Input>> {
  const { temperature = 1, template } = options
  checkVariables(template ?? {})
  const unused = unusedVariables(model.tokenizer, template)
  if (unused !== undefined) options.onWarning?.(unused)
  let index = 0
  for await (const input of inputs) {
    const { tokens, promptLength } = tokensOf(model, input, options)
    requireTokens(model, tokens, ++index)
    const statistics =
      tokens.length > 1 ? await thread.call<TokenStatistics>('scoreSequence', { tokens, temperature }) : undefined
    const broken = statistics?.entropy.findIndex((H) => !Number.isFinite(H)) ?? -1
    if (broken >= 0) throw nonFiniteLogits([`input ${index}, token ${broken + 1}`])
    yield { input, tokens, promptLength, statistics }
  }
}

/** Up to this size a score is computed in float64 on the CPU: it is a measurement, and need not be fast. */
const preciseParameters = 1e9

function precisionFor({ tensors }: OpenModel, device: string): Dtype {
  let parameters = 0
  for (const { shape } of tensors.tensors.values()) parameters += shape.reduce((product, length) => product * length, 1)
  return device === 'cpu' && parameters <= preciseParameters ? 'float64' : 'float32'
}

function tokensOf(
  model: OpenModel,
  input: ScoreInput,
  options: ScoreOptions,
): { tokens: number[]; promptLength?: number } {
  // Ids need no tokenizer, and a model may come without one.
  if ('tokens' in input) return { tokens: input.tokens }
  const { tokenizer } = model
  const rendered = () =>
    tokenizer.renderChat([{ role: 'user', content: input.prompt }], {
      addGenerationPrompt: true,
      variables: options.template,
    })
  const prompt = options.chat ? tokenizer.encode(rendered(), { special: false }) : tokenizer.encode(input.prompt)
  const completion = tokenizer.encode(input.completion, { special: false })
  return { tokens: [...prompt, ...completion], promptLength: prompt.length }
}

function requireTokens({ config }: OpenModel, tokens: number[], index: number): void {
  const where = `input ${index}`
  if (tokens.length === 0) throw new UserError(`${where} has no tokens`)
  const wrong = tokens.find((id) => !Number.isInteger(id) || id < 0 || id >= config.vocabSize)
  if (wrong !== undefined) {
    throw new UserError(`${where}: token ${wrong} is outside the vocabulary of ${config.vocabSize} ids`)
  }
  if (tokens.length > config.maxPositionEmbeddings) {
    throw new UserError(`${where} has ${tokens.length} tokens, the model ${config.maxPositionEmbeddings} positions`)
  }
}
