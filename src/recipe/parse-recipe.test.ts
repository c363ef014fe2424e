import { expect, it } from 'vitest'
import { parseRecipe } from './parse-recipe.js'

it('lists the first problems of a list that is wrong throughout, and counts the others', () => {
  const stopStrings = Array.from({ length: 20_000 }, (_, i) => i)
  const recipe = { model: 'm', task: { name: 't' }, rollout: { stopStrings } }
  let message = ''
  try {
    parseRecipe(recipe)
  } catch (error) {
    message = (error as Error).message
  }
  const lines = message.split('\n')
  expect(lines).toHaveLength(52)
  expect(lines[0]).toBe('recipe has 20000 problems')
  expect(lines[1]).toBe('  rollout.stopStrings.0: must be text (got 0)')
  expect(lines[51]).toBe('  and 19950 more')
})
