import { UserError } from '../../base/errors.js'
import type { LoggedCompletion } from './types.js'

export interface LogSettings {
  /** V, the number of logits the softmax ran over. */
  vocabSize: number
  /** T of the log-probabilities. */
  temperature: number
}

/**
 * V and T of a log, from whoever states them: the caller, or `vocab_size` and `temperature` in the file.
 *
 * @throws {UserError} where nobody does, or where two statements differ.
 */
export function settingsOf(completions: readonly LoggedCompletion[], given: Partial<LogSettings>): LogSettings {
  const vocabSize = agreed('vocabulary size', 'vocabSize', completions, given)
  const temperature = agreed('temperature', 'temperature', completions, given)
  if (vocabSize === undefined) {
    throw new UserError('the vocabulary size is not known', {
      hint:
        'Top-k log-probabilities leave a probability that may be spread over all other tokens: without their number ' +
        'entropy has no upper bound. State --vocab-size, the width of the logits (padded ids count), or "vocab_size" in the file.',
    })
  }
  if (temperature === undefined) {
    throw new UserError('the temperature of the log-probabilities is not known', {
      hint:
        'Entropy and scores are those of softmax(z/T), and a log does not show which T it is of. State --temperature, or ' +
        '"temperature" in the file: 1 for servers that report before they temper (vLLM by default), else that of sampling.',
    })
  }
  if (!Number.isInteger(vocabSize) || vocabSize < 1) throw new UserError(`the vocabulary size is ${vocabSize}`)
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new UserError(`the temperature is ${temperature}`, {
      hint: 'It is a positive number; at 0 sampling is no draw from a softmax, and there is nothing to analyze.',
    })
  }
  return { vocabSize, temperature }
}

function agreed(
  what: string,
  name: keyof LogSettings,
  completions: readonly LoggedCompletion[],
  given: Partial<LogSettings>,
): number | undefined {
  let value = given[name]
  let by = 'the command line'
  for (const completion of completions) {
    const stated = completion[name]
    if (stated === undefined) continue
    if (value === undefined) {
      value = stated
      by = completion.where
    } else if (stated !== value) {
      throw new UserError(`${completion.where} states a ${what} of ${stated}, ${by} one of ${value}`, {
        hint: 'A batch has one policy: analyze files of different models or temperatures apart.',
      })
    }
  }
  return value
}
