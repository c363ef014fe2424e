import { defineReward } from 'isentrope'

// A reward beside the task's own: the answer alone, without words around it.
export default defineReward((completion) => (/^\s*\d+\.?\s*$/.test(completion) ? 1 : 0))
