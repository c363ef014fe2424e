import { expect, it } from 'vitest'
import { z } from 'zod'
import { UserError } from '../config/errors.js'
import { parseSpec } from './spec.js'

const schema = z.object({ targetMin: z.number().optional(), evalShare: z.number().optional() })

it.each([
  ['target_min', "Did you mean 'targetMin'?"],
  ['TargetMin', "Did you mean 'targetMin'?"],
  ['trgtMin', "Did you mean 'targetMin'?"],
  ['sytem', "Did you mean 'system'?"],
  ['pass_rate', "Did you mean 'passRates'?"],
  ['reward', "Did you mean 'rewards'?"],
  ['zebra', 'Known: name, targetMin, evalShare, system, rewards, passRates.'],
])('an unknown key of a task, %s, is told with what was meant', (key, hint) => {
  const error = (() => {
    try {
      parseSpec(schema, { name: 'any', [key]: 1 })
    } catch (thrown) {
      return thrown
    }
  })()
  expect(error).toBeInstanceOf(UserError)
  expect(error).toMatchObject({ message: `task any: unknown key '${key}'`, hint })
})

it('another thing with keys has no keys of a task', () => {
  expect(() => parseSpec(schema, { name: 'any', sytem: 1 }, 'reward')).toThrow(
    expect.objectContaining({ hint: 'Known: name, targetMin, evalShare.' }),
  )
})
