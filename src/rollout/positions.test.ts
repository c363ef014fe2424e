import { expect, it } from 'vitest'
import { requirePositions } from './positions.js'

const model = { maxPositionEmbeddings: 10 }
const wanted = (length: number, maxNewTokens: number | undefined) => ({ prompt: 'prompt 2', length, maxNewTokens })

it('takes what fits, to the last position', () => {
  requirePositions(model, wanted(6, 4))
  requirePositions(model, wanted(9, undefined))
})

it.each<[number, number | undefined, string, string]>([
  [0, 4, 'prompt 2 has no tokens', 'give it a text, or leave it out'],
  [
    6,
    5,
    "prompt 2 has 6 tokens; with 5 new ones it passes the model's 10 positions",
    'lower rollout.maxNewTokens, shorten the prompt, or leave it out',
  ],
  [
    10,
    undefined,
    "prompt 2 has 10 tokens, which leave no room in the model's 10 positions",
    'shorten the prompt, or leave it out',
  ],
])('%i tokens and %s new ones of 10 positions do not', (length, maxNewTokens, message, hint) => {
  const given = { ...wanted(length, maxNewTokens), setting: 'rollout.maxNewTokens' }
  expect(() => requirePositions(model, given)).toThrow(expect.objectContaining({ name: 'UserError', message, hint }))
})
