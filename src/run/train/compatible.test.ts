import { describe, expect, it } from 'vitest'
import { fakeRecipe } from '../../../test/fake-run.js'
import { requireCompatible } from './compatible.js'

const local = { backend: { kind: 'local' }, sampler: { kind: 'local' } } as const

describe('a resumed recipe', () => {
  it('may name the backend and the sampler that it had without naming them, and the other way round', () => {
    requireCompatible(fakeRecipe(), fakeRecipe(local))
    requireCompatible(fakeRecipe(local), fakeRecipe())
  })

  it('keeps them', () => {
    const other = { ...fakeRecipe(), sampler: { kind: 'other', url: 'a' } as never }
    expect(() => requireCompatible(other, fakeRecipe())).toThrow(
      'a resumed run keeps its recipe, but these keys differ\n' +
        '  sampler.kind: "other" in the run, "local" now\n  sampler.url: "a" in the run, absent now',
    )
  })
})
