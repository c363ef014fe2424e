import { describe, expect, it } from 'vitest'
import { templateOptions, templateVariables } from './template-option.js'

describe('--template', () => {
  it('reads variables as YAML, and leaves texts', () => {
    expect(
      templateOptions(['boxed', 'enable_thinking=false', 'tools=[{"name": "f"}]', 'day=2 Feb', 'empty=', 'Q={prompt}']),
    ).toEqual({
      texts: ['boxed', 'Q={prompt}'],
      variables: { enable_thinking: false, tools: [{ name: 'f' }], day: '2 Feb', empty: null },
    })
    expect(templateOptions()).toEqual({ texts: [] })
  })

  it.each([
    [['boxed'], 'not a variable and a value'],
    [['messages=1'], "'messages' is reserved"],
    [['tools=[1'], 'cannot be read as YAML'],
  ])('refuses %j where variables alone are taken', (given, message) => {
    expect(() => templateVariables(given)).toThrow(message)
  })
})
