/** Texts by their beginnings, in UTF-16 code units. */
export class Trie {
  /** A node's child by node * 2^16 + code unit. */
  readonly #children = new Map<number, number>()
  readonly #ends = new Set<number>()
  #size = 1

  add(text: string): void {
    let node = 0
    for (let at = 0; at < text.length; at++) {
      const key = node * 0x10000 + text.charCodeAt(at)
      let child = this.#children.get(key)
      if (child === undefined) {
        child = this.#size++
        this.#children.set(key, child)
      }
      node = child
    }
    this.#ends.add(node)
  }

  /** Calls `found` with the length of each text that begins at `at`, shortest first. */
  each(text: string, at: number, found: (length: number) => void): void {
    let node: number | undefined = 0
    for (let end = at; end < text.length; end++) {
      node = this.#children.get(node * 0x10000 + text.charCodeAt(end))
      if (node === undefined) return
      if (this.#ends.has(node)) found(end + 1 - at)
    }
  }

  /** The length of the longest text that begins at `at`; 0 where there is none. */
  longest(text: string, at: number): number {
    let longest = 0
    this.each(text, at, (length) => {
      longest = length
    })
    return longest
  }
}
