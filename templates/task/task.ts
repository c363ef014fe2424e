import { defineTask, type Example } from 'isentrope'

interface Sum extends Example {
  numbers: number[]
}

// The bundled policy reads "2,3,5,7=10:" and writes an expression. Here any expression counts that uses plus signs alone.
export default defineTask<Sum>({
  name: 'only-plus',

  // One pass over the problems. `rng()` gives uniform numbers that repeat with the run's seed: use no other randomness.
  *prompts(rng, split) {
    for (let i = 0; i < 200; i++) {
      const numbers = Array.from({ length: 4 }, () => 1 + Math.floor(rng() * 9))
      const target = numbers[0]! + numbers[1]!
      const id = `${numbers.join(',')}=${target}`
      // A problem belongs to one split, by what it is and not by when it was drawn.
      const heldOut = numbers.reduce((a, b) => a + b) % 5 === 0
      if (heldOut === (split === 'eval')) yield { id, prompt: `${id}:`, numbers }
    }
  },

  // `reward` is trained on; `correct` decides Avg@K and Pass@K.
  grade(completion, _example, { finish }) {
    const correct = finish === 'stop' && /^\d(\+\d)+$/.test(completion)
    const plus = completion.split('+').length - 1
    const other = completion.split(/[-*]/).length - 1
    return { reward: correct ? 1 : plus / Math.max(1, plus + other) / 2, correct }
  },
})
