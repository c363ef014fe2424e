/**
 * Sampled completions as inference servers log them, brought to one shape. Parsed JSON in, completions out.
 *
 * | written by | recognised by |
 * |---|---|
 * | OpenAI chat completions and servers that follow it (vLLM, SGLang, llama.cpp) | choices[].logprobs.content |
 * | OpenAI completions | choices[].logprobs.token_logprobs |
 * | vLLM's RequestOutput, or one of its outputs | outputs[].token_ids, token_ids |
 * | vLLM, scoring a prompt | prompt_logprobs, where the completion itself has none |
 * | anyone | tokens, logprobs, top_logprobs |
 *
 * A batch file's `{"response": {"body": ...}}` is unwrapped. Beside any of these may stand `reward` and `advantage`
 * (in each choice, or `rewards` as a list for all), `group`, `vocab_size` and `temperature`.
 */
import { Field } from './fields.js'
import { readChoiceTokens } from './read-choices.js'
import { readPlainTokens } from './read-plain.js'
import { readVllmPrompt, readVllmTokens } from './read-vllm.js'
import type { LoggedCompletion, LoggedToken, Sampling } from './types.js'

/** What a line without tokens says about those that follow it. */
export interface LogHeader {
  vocabSize?: number
  temperature?: number
}

const askForLogprobs =
  'Ask the server for them: logprobs: true and top_logprobs: 20 (chat), logprobs: 20 (completions, SamplingParams).'

/**
 * The completions of one line, or a header's fields: a first line {"vocab_size", "temperature"} speaks for the file.
 *
 * @param where The line's place, for messages: `FILE:12`.
 * @throws {UserError} for a line in none of the shapes, without log-probabilities, or with a field of another type.
 */
export function readLogLine(value: unknown, where: string): LoggedCompletion[] | LogHeader {
  const line = new Field(value, where)
  const record = unwrap(line)
  const shared = readShared(line, record)
  if (record.has('choices')) {
    return readList({ line, record, name: 'choices' }, shared, (choice) =>
      choice.has('logprobs') ? readChoiceTokens(choice.at('logprobs')) : undefined,
    )
  }
  if (record.has('outputs')) return readList({ line, record, name: 'outputs' }, shared, readVllmTokens)
  if (record.has('token_ids') || record.has('prompt_logprobs')) {
    const tokens = readVllmTokens(record) ?? readVllmPrompt(record)
    return [{ ...shared, ...readOutcome([line, record]), where, tokens: tokens ?? withoutLogprobs(record) }]
  }
  if (record.has('tokens')) {
    if (!record.has('logprobs')) record.fail('tokens without logprobs', askForLogprobs)
    return [{ ...shared, ...readOutcome([line, record]), where, tokens: readPlainTokens(record) }]
  }
  if (record.has('vocab_size') || record.has('temperature')) {
    return { vocabSize: shared.vocabSize, temperature: shared.temperature }
  }
  return record.fail(
    'no log of sampled tokens in it',
    'A line is a chat completion, a completion, a vLLM RequestOutput, or {"tokens", "logprobs", "top_logprobs"}.',
  )
}

const withoutLogprobs = (completion: Field): never => completion.fail('no log-probabilities', askForLogprobs)

type Shared = Pick<LoggedCompletion, 'group' | 'vocabSize' | 'temperature' | 'sampling'>

function unwrap(line: Field): Field {
  if (line.has('response')) return unwrap(line.at('response'))
  return line.has('body') && !line.has('choices') ? line.at('body') : line
}

/** Fields beside the response or inside it. */
function readShared(line: Field, record: Field): Shared {
  const holder = (name: string) => [line, record].find((field) => field.has(name))
  const vocabSize = holder('vocab_size')?.optionalNumber('vocab_size')
  const temperature = holder('temperature')?.optionalNumber('temperature')
  const name = ['group', 'prompt_id', 'prompt', 'prompt_token_ids'].find((key) => holder(key))
  const key = name && (holder(name) as Field).at(name).value
  const group = typeof key === 'object' ? JSON.stringify(key) : String(key ?? line.where)
  return { group, vocabSize, temperature, sampling: readSampling(line, record) }
}

/** A request's sampling_params, or the same names beside the response. */
function readSampling(line: Field, record: Field): Sampling {
  const places = [line, record].flatMap((field) => (field.has('sampling_params') ? [field.at('sampling_params')] : []))
  const option = (name: string) => {
    const holder = [...places, line, record].find(
      (field) => field.has(name) && typeof field.at(name).value === 'number',
    )
    return holder?.at(name).number()
  }
  const truncation: string[] = []
  const add = (name: string, truncates: (value: number) => boolean) => {
    const value = option(name)
    if (value !== undefined && truncates(value)) truncation.push(`${name} ${value}`)
  }
  add('top_p', (value) => value < 1)
  add('top_k', (value) => value > 0)
  add('min_p', (value) => value > 0)
  const temperature = places.map((place) => place.optionalNumber('temperature')).find((value) => value !== undefined)
  return { temperature, truncation }
}

/** Several completions of one prompt: choices or outputs, with their rewards in them or in a list beside. */
function readList(
  { line, record, name }: { line: Field; record: Field; name: 'choices' | 'outputs' },
  shared: Shared,
  readTokens: (item: Field) => LoggedToken[] | undefined,
): LoggedCompletion[] {
  const items = record.at(name).list()
  const rewards = line.has('rewards') ? line.at('rewards').list() : undefined
  if (rewards && rewards.length !== items.length) {
    return line.fail(`${rewards.length} rewards for ${items.length} completions`)
  }
  const lone = ['reward', 'advantage'].find((name) => items.length > 1 && line.has(name))
  if (lone) line.fail(`one ${lone} for ${items.length} completions`, 'Give "rewards" as a list, or one in each choice.')
  return items.map((item, i) => {
    const tokens = readTokens(item) ?? readVllmPrompt(item) ?? (items.length === 1 ? readVllmPrompt(record) : undefined)
    if (!tokens) return withoutLogprobs(item)
    const outcome = readOutcome(items.length === 1 ? [item, line] : [item])
    return { ...shared, ...outcome, reward: rewards?.[i].number() ?? outcome.reward, where: item.where, tokens }
  })
}

/** The completion's own reward and advantage, in the first place that has them. */
function readOutcome(places: Field[]): Pick<LoggedCompletion, 'reward' | 'advantage'> {
  const place = (name: string) => places.find((field) => field.has(name))
  const advantage = place('advantage')?.at('advantage')
  return {
    reward: place('reward')?.optionalNumber('reward'),
    advantage: Array.isArray(advantage?.value) ? advantage.list().map((a) => a.number()) : advantage?.number(),
  }
}
