/**
 * The order in which a run meets a task's problems. It is a function of (seed, split) alone, and a position in it is
 * one number, so a resumed run goes on with the very problem the interrupted one would have had.
 *
 * An epoch is one call of `task.prompts`: an array is shuffled here, any other iterable is taken in its own order. When
 * an epoch ends the next begins with other random numbers; an endless generator has one epoch.
 */
import { UserError } from '../base/errors.js'
import { rngFrom } from '../base/philox.js'
import { shuffle } from './shuffle.js'
import type { Example, Split, Task } from './types.js'

// Keys of the two random streams of an epoch: the task's own and that of the shuffle.
const taskStream = 0
const shuffleStream = 1

export class PromptStream<E extends Example = Example> {
  readonly #task: Task<E>
  readonly #split: Split
  readonly #seed: number
  #position = 0
  #skip: number
  #epoch = -1
  #takenInEpoch = 0
  #array: E[] | undefined
  #iterator: Iterator<E> | AsyncIterator<E> | undefined

  /** `position`: how many problems are to be passed over, as `position` of the stream that is being continued. */
  constructor(task: Task<E>, split: Split, seed: number, position = 0) {
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new RangeError(`the position of a prompt stream is a whole number of problems, not ${position}`)
    }
    this.#task = task
    this.#split = split
    this.#seed = seed
    this.#skip = position
  }

  /** Problems consumed since the beginning, those passed over included. */
  get position(): number {
    return this.#position + this.#skip
  }

  /** The next `n` problems. Throws {@link UserError} where the task has none. */
  async next(n: number): Promise<E[]> {
    while (this.#skip > 0) await this.#passOver()
    const examples: E[] = []
    while (examples.length < n) {
      examples.push(await this.#take())
    }
    return examples
  }

  /** At most `n` problems and none of the next epoch: fewer where this one ends. Throws {@link UserError} where there are none. */
  async upTo(n: number): Promise<E[]> {
    const examples = await this.next(Math.min(n, 1))
    while (examples.length < n) {
      const example = await this.#takeWithin()
      if (example === undefined) break
      examples.push(example)
    }
    return examples
  }

  /** Passes over whole epochs of an array at once, and anything else one by one. */
  async #passOver(): Promise<void> {
    await this.#ensureOpen()
    const array = this.#array
    if (array !== undefined && this.#takenInEpoch === 0 && this.#skip >= array.length) {
      this.#position += array.length
      this.#skip -= array.length
      this.#close()
    } else {
      await this.#take()
      this.#skip--
    }
  }

  async #take(): Promise<E> {
    for (;;) {
      await this.#ensureOpen()
      const example = await this.#takeWithin()
      if (example !== undefined) return example
      if (this.#takenInEpoch === 0) throw this.#empty()
      this.#close()
    }
  }

  /** The open epoch's next problem; undefined at its end. */
  async #takeWithin(): Promise<E | undefined> {
    if (this.#array !== undefined) {
      return this.#takenInEpoch < this.#array.length ? this.#count(this.#array[this.#takenInEpoch]!) : undefined
    }
    const result = await this.#iterator!.next()
    return result.done === true ? undefined : this.#count(result.value)
  }

  #count(example: E): E {
    this.#takenInEpoch++
    this.#position++
    return example
  }

  #close(): void {
    this.#array = undefined
    this.#iterator = undefined
  }

  async #ensureOpen(): Promise<void> {
    if (this.#array !== undefined || this.#iterator !== undefined) return
    this.#epoch++
    this.#takenInEpoch = 0
    const splitKey = this.#split === 'train' ? 0 : 1
    const rng = rngFrom(this.#seed, splitKey, this.#epoch, taskStream)
    const source: unknown = await this.#task.prompts(rng, this.#split)
    if (Array.isArray(source)) {
      if (source.length === 0) throw this.#empty()
      this.#array = shuffle([...source], rngFrom(this.#seed, splitKey, this.#epoch, shuffleStream))
    } else if (isIterable(source)) {
      this.#iterator = source[Symbol.iterator]() as Iterator<E>
    } else if (isAsyncIterable(source)) {
      this.#iterator = source[Symbol.asyncIterator]() as AsyncIterator<E>
    } else {
      throw new UserError(`task ${this.#task.name}: prompts() must return an array, an iterable or an async iterable`)
    }
  }

  #empty(): UserError {
    return new UserError(`task ${this.#task.name}: the ${this.#split} split has no problems`)
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
