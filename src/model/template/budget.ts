/** What a template may use. Templates come with models, so they are not trusted to end or to stay small. */

import { UserError } from '../../base/errors.js'

/** Far above what real templates need: a chat of 3,000 messages takes some 200,000 steps. */
export const limits = {
  /** Characters of a template. */
  source: 1_000_000,
  /** Expressions and statements evaluated in one rendering. A round of a loop and a call of a macro count 8 more. */
  steps: 2_000_000,
  /** Statements, expressions, and macro calls inside each other. */
  depth: 500,
  /** Characters of one text, the output included. */
  text: 16_000_000,
  /** Characters of all texts that one rendering makes or reads. An item of a list counts 8, and 100 with its value. */
  work: 100_000_000,
} as const

/** The template needs more than {@link limits} allow. */
export class LimitError extends UserError {}

const limitHint = 'give the model a chat template that ends: replace its chat_template, or use plain prompts'

const refuse = (what: string): never => {
  throw new LimitError(what, { hint: limitHint })
}

/** Counts what one rendering uses. Its methods throw a {@link LimitError} when there is too much. */
export class Budget {
  #steps = 0
  #work = 0
  depth = 0

  step(count = 1): void {
    this.#steps += count
    if (this.#steps > limits.steps) refuse(`takes more than ${limits.steps.toLocaleString('en-US')} steps`)
  }

  /** Text of this length is made or read. */
  text(length: number): void {
    if (length > limits.text) refuse(`makes a text of more than ${limits.text.toLocaleString('en-US')} characters`)
    this.#spend(length)
  }

  /** A text is searched for another: in the worst case each of its characters is compared at each place. */
  search(length: number, wanted: number): void {
    this.#spend(length + (length * wanted) / 100)
  }

  /** A list of this length is made or read. */
  items(count: number): void {
    this.#spend(count * 8)
  }

  /** So many values are made at once. */
  values(count: number): void {
    this.#spend(count * 100)
  }

  /** Two texts are put together. The engine copies nothing until the result is read. */
  joined(length: number): void {
    if (length > limits.text) this.text(length)
    this.#spend(1)
  }

  enter(): void {
    if (++this.depth > limits.depth) refuse(`nests more than ${limits.depth} levels deep`)
  }

  leave(): void {
    this.depth--
  }

  #spend(amount: number): void {
    this.#work += amount
    if (!(this.#work <= limits.work)) {
      refuse(`makes texts and lists of more than ${limits.work.toLocaleString('en-US')} characters in all`)
    }
  }
}
