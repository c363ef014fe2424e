import { describe, expect, it } from 'vitest'
import { UserError } from '../../base/errors.js'
import { patternValue } from './adapter-config.js'

const module = 'model.layers.0.self_attn.q_proj'
const looked = (key: string) => patternValue({ [key]: 4 }, module, 8, 'a/adapter_config.json')

describe('patternValue', () => {
  // re.match(rf"(.*\.)?({key})$", module) of Python's re, as peft calls it.
  it.each([
    ['q_proj', 4],
    ['self_attn.q_proj', 4],
    ['self_attn\\.q_proj', 4],
    ['proj', 8],
    ['.*proj', 4],
    ['layers\\.[0-3]\\..*', 4],
    ['layers\\.[1-3]\\..*', 8],
    ['k_proj|q_proj', 4],
  ])('%s: %d', (key, value) => {
    expect(looked(key)).toBe(value)
  })

  it.each(['(', '\\Amodel', 'a{,2}b++'])('refuses %s, which it would read otherwise than Python', (key) => {
    expect(() => looked(key)).toThrow(UserError)
    expect(() => looked(key)).toThrow(/is not a regular expression that this reads/)
  })

  it('refuses a pattern that backtracks forever', () => {
    const hostile = { '(([a-z0-9_.])+)+!': 4 }
    expect(() => patternValue(hostile, module, 8, 'a/adapter_config.json')).toThrow(
      /^a\/adapter_config.json: the pattern .* takes more than 2 s on model.layers.0.self_attn.q_proj$/,
    )
  })
})
