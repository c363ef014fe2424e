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
  /** One `<think>...</think>` at the beginning, and something after it. */
  think: (completion) =>
    between(completion, '<think>', '</think>') &&
    completion.trimStart().startsWith('<think>') &&
    !completion.trimEnd().endsWith('</think>'),
}

/** 1 where the completion has the form, else 0. */
export function formatReward(completion: string, format: FormatName | RegExp): number {
  const fits = format instanceof RegExp ? format.test(completion) : checks[format](completion)
  return fits ? 1 : 0
}
