import { expect, it } from 'vitest'
import { translatePattern, Unsupported } from './oniguruma.js'

it('refuses a pattern that is too large when it is read, not when it is first used', () => {
  expect(() => translatePattern('\\p{L}+|'.repeat(1000))).toThrow(Unsupported)
  expect(translatePattern('\\p{L}+').lastIndex).toBe(0)
})
