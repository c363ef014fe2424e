import { defineReward } from 'isentrope'

// A reward beside the task's own: brief answers are worth more. It sees the completion's text, the problem, and how the
// completion ended; it returns a number, or a promise of one.
export default defineReward((completion, _example, { finish }) => {
  const terms = completion.split(/[+-]/).length
  return finish === 'stop' ? 1 / Math.max(1, terms - 1) : 0
})
