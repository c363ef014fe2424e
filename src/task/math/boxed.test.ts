import { describe, expect, it } from 'vitest'
import { findBoxes } from './boxed.js'

describe('findBoxes', () => {
  it.each([
    ['\\boxed{1} and \\fbox{2}', ['1', '2']],
    ['\\boxed{\\frac{1}{2}}', ['\\frac{1}{2}']],
    ['\\boxed {5}', ['5']],
    ['\\boxed 57', ['5']],
    ['\\boxed5', ['5']],
    ['\\boxed{\\boxed{5}}', ['5']],
    ['\\boxed{ $\\fbox{\\boxed{\\sqrt{5}}}$ }', ['\\sqrt{5}']],
    ['\\boxed{x=\\fbox{3}}', ['x=\\fbox{3}']],
    ['\\boxed{\\boxed{1}, \\boxed{2}}', ['\\boxed{1}, \\boxed{2}']],
    ['\\boxed{\\{1\\}}', ['\\{1\\}']],
    ['use \\boxed{ as told: \\boxed{5}', ['5']],
    ['} \\boxed{5} }', ['5']],
    ['\\boxedx{5} \\boxed', []],
    ['\\boxed{5}, where \\boxed marks the answer', ['5']],
    ['\\boxed x.', ['x']],
    ['\\\\boxed{5} \\\\{', []],
    ['', []],
  ])('%j holds %j', (text, contents) => {
    expect(findBoxes(text).contents).toEqual(contents)
  })

  it.each([
    ['\\boxed{1} \\boxed{2', true],
    ['\\boxed{\\frac{1}{2}', true],
    ['use \\boxed{ as told: \\boxed{5}', false],
    ['\\boxed{1}', false],
    ['none', false],
  ])('%j is cut off: %s', (text, cutOff) => {
    expect(findBoxes(text).cutOff).toBe(cutOff)
  })
})
