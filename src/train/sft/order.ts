/** In which order a run meets its examples: a function of the seed alone, so a position in it is one number. */
import { rngFrom } from '../../base/philox.js'
import { shuffle } from '../../task/shuffle.js'

// Key of the random stream that is the order's own.
const orderStream = 0x73667400

export class ExampleOrder {
  readonly #count: number
  readonly #seed: number
  #epoch = -1
  #indices: number[] = []

  constructor(count: number, seed: number) {
    this.#count = count
    this.#seed = seed
  }

  /** The indices at positions `from` .. `to - 1`; each epoch is a permutation of its own. */
  slice(from: number, to: number): number[] {
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => this.#at(from + i))
  }

  #at(position: number): number {
    const epoch = Math.floor(position / this.#count)
    if (epoch !== this.#epoch) {
      const indices = Array.from({ length: this.#count }, (_, i) => i)
      this.#indices = shuffle(indices, rngFrom(this.#seed, orderStream, epoch))
      this.#epoch = epoch
    }
    return this.#indices[position % this.#count]
  }
}
