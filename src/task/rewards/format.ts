import { UserError } from '../../base/errors.js'
import { withinTime } from '../../base/time-limit.js'
import { findBoxes } from '../math/boxed.js'

export const formatNames = ['boxed', 'answer-line', 'answer-tags', 'think'] as const
export type FormatName = (typeof formatNames)[number]

const once = (text: string, part: string) => text.split(part).length === 2

/** `<open>...</close>` exactly once, in this order. */
function between(text: string, open: string, close: string): boolean {
  return once(text, open) && once(text, close) && text.indexOf(open) < text.indexOf(close)
}

const checks: Record<FormatName, (completion: string) => boolean> = {
  /** Exactly one complete `\boxed{...}`. */
  boxed: (completion) => findBoxes(completion).contents.length === 1,
  /** The last line that is not empty reads `Answer: ...`, and no other does. */
  'answer-line': (completion) => {
    const lines = completion.trimEnd().split('\n')
    return lines.filter((line) => /^answer\s*:/i.test(line)).length === 1 && /^answer\s*:\s*\S/i.test(lines.at(-1)!)
  },
  /** One `<answer>...</answer>`, at the end. */
  'answer-tags': (completion) =>
    between(completion, '<answer>', '</answer>') && completion.trimEnd().endsWith('</answer>'),
  /** One `<think>...</think>` at the beginning, and something after it. The prompt may have opened it. */
  think: (completion) =>
    between(completion, '<think>', '</think>') &&
    completion.trimStart().startsWith('<think>') &&
    !completion.trimEnd().endsWith('</think>'),
}

/** A pattern that does not backtrack takes milliseconds on the longest completion. */
const patternMilliseconds = 10_000

/**
 * 1 where the completion has the form, else 0. `prompt`: the text that it continues. Templates of reasoning models end
 * with `<think>`, so the completion has only the closing tag.
 * @throws UserError where a pattern takes too long on this completion
 */
export function formatReward(completion: string, format: FormatName | RegExp, prompt = ''): number {
  if (format instanceof RegExp) return matches(completion, format) ? 1 : 0
  const opened = format === 'think' && prompt.trimEnd().endsWith('<think>')
  return checks[format](opened ? `<think>${completion}` : completion) ? 1 : 0
}

function matches(completion: string, pattern: RegExp): boolean {
  const tooLong = () =>
    new UserError(
      `reward format: the pattern ${pattern.source} takes more than ${patternMilliseconds / 1000} s on a completion of ${completion.length} characters`,
      { hint: 'it backtracks: avoid a repetition within a repetition, as in (a+)+' },
    )
  return withinTime(patternMilliseconds, tooLong, () => pattern.test(completion))
}
