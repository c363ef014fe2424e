import { expect, it } from 'vitest'
import { UserError } from '../../base/errors.js'
import { Unencodable } from './model.js'
import { createModel } from './models.js'
import { withStatedTokens } from './stated-tokens.js'

/** JSON may hold an object that no number and no text can be made of. */
const odd = JSON.parse('{"toString": 1, "valueOf": 2}')

it('refuses ids that are no numbers', () => {
  const tokenizer = { added_tokens: [{ id: odd, content: 'a' }], model: { vocab: { b: odd } } }
  expect(() => withStatedTokens(tokenizer, {}, 't.json')).toThrow(UserError)
  expect(() => withStatedTokens({ model: { vocab: [[odd, 0]] } }, {}, 't.json')).not.toThrow()
})

it('takes the unknown token only from a text', () => {
  const wordLevel = { type: 'WordLevel', vocab: { undefined: 0, a: 1 } }
  expect(() => createModel(wordLevel).encode('x')).toThrow(Unencodable)
  expect(() => createModel({ ...wordLevel, unk_token: odd }).encode('x')).toThrow(Unencodable)
  expect(createModel({ ...wordLevel, unk_token: 'a' }).encode('x')).toEqual([1])
})
