import { expect, it } from 'vitest'
import type { LoraSection } from '../../model/lora/section.js'
import { requireBase } from './policy.js'

const lora = (section: Partial<LoraSection>) => ({ model: 'someone/base', lora: { dropout: 0, ...section } })

it('a hub model that turns out to be an adapter is not trained in silence', () => {
  requireBase(lora({}), {})
  requireBase(lora({ from: 'someone/adapter' }), { adapter: '/cache/adapter' })
  for (const recipe of [{ model: 'someone/base' }, lora({})]) {
    expect(() => requireBase(recipe, { adapter: '/cache/adapter' })).toThrow(
      expect.objectContaining({
        message: 'model: someone/base is a PEFT adapter',
        hint: expect.stringContaining('lora.from'),
      }),
    )
  }
})
