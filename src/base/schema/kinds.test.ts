import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { schemaEntries } from './entries.js'
import { type Kind, kindOf, optionsIn, sectionOf } from './kinds.js'
import { problemsOf } from './problems.js'

const here = { kind: 'here', summary: 'this machine.', options: {} } as const
const there = {
  kind: 'there',
  summary: 'another machine.',
  options: { url: z.string().describe('Its address.'), tries: z.int().default(3).describe('How often.') },
} as const
const cloud = {
  kind: 'cloud',
  summary: 'many machines.',
  options: { url: z.string().describe('Its address.') },
} as const
const kinds = [here, there, cloud] as const
const schema = z.strictObject({ place: sectionOf(kinds).optional().describe('Where it is.') })
const entries = schemaEntries(schema)

const problems = (place: unknown) => {
  const given = { place }
  const { error } = schema.safeParse(given, { reportInput: true })
  return error && problemsOf(error, entries, given).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('a section of kinds', () => {
  it('holds the keys of the kind that it names, with their defaults', () => {
    expect(schema.parse({ place: { kind: 'there', url: 'a' } })).toEqual({
      place: { kind: 'there', url: 'a', tries: 3 },
    })
    expect(schema.parse({ place: { kind: 'here' } })).toEqual({ place: { kind: 'here' } })
    expect(schema.parse({})).toEqual({})
  })

  it('is the first kind where it is left out', () => {
    expect(kindOf<Kind>(kinds, undefined)).toBe(here)
    expect(kindOf<Kind>(kinds, { kind: 'cloud' })).toBe(cloud)
    expect(optionsIn({ kind: 'there', url: 'a' } as { kind: string })).toEqual({ url: 'a' })
    expect(optionsIn(undefined)).toEqual({})
  })

  it('is documented kind by kind', () => {
    const summaries = 'here (default): this machine. there: another machine. cloud: many machines.'
    expect(entries).toEqual([
      { path: 'place', description: 'Where it is.', type: 'section', required: false, section: true },
      {
        path: 'place.kind',
        description: summaries,
        type: 'here | there | cloud',
        default: 'here',
        required: false,
        section: false,
      },
      {
        path: 'place.url',
        description: 'Of there and cloud. Its address.',
        type: 'text',
        required: true,
        section: false,
        kinds: ['there', 'cloud'],
      },
      {
        path: 'place.tries',
        description: 'Of there. How often.',
        type: 'whole number',
        default: '3',
        required: false,
        section: false,
        kinds: ['there'],
      },
    ])
  })

  it.each([
    [{}, 'place.kind: is required: here or there or cloud'],
    [{ url: 'a' }, 'place.kind: is required: here or there or cloud'],
    [{ kind: 'thare' }, 'place.kind: must be one of here, there, cloud (got "thare"); did you mean there?'],
    [{ kind: 'there' }, 'place.url: is required. Of there and cloud. Its address.'],
    [{ kind: 'there', url: 1 }, 'place.url: must be text (got 1)'],
    [{ kind: 'here', url: 'a' }, 'place.url: is a key of kind there and cloud; set place.kind: there, or remove it'],
    [{ kind: 'there', url: 'a', trys: 2 }, 'place.trys: unknown key; did you mean place.tries?'],
    ['there', 'place: must be a section with keys of its own (got "there")'],
  ])('says what is wrong with %j', (place, message) => {
    expect(problems(place)).toEqual([message])
  })
})
