import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { schemaEntries } from '../base/schema/entries.js'
import { recipeSchema } from './schema.js'

const page = readFileSync(new URL('../../docs/comparison.md', import.meta.url), 'utf8')

/** The right-hand cells of the tables that say how another framework's keys are written here. */
const ours = page
  .slice(page.indexOf('## Coming from TRL'))
  .split('\n')
  .filter((line) => line.startsWith('| `') || /^\| (train_batch|DAPO)/.test(line))
  .map((line) => line.split(' | ').slice(1).join(' '))

describe('docs/comparison.md', () => {
  it('names keys that a recipe has', () => {
    const paths = new Set(schemaEntries(recipeSchema).map(({ path }) => path))
    const sections = [...paths].filter((path) => !path.includes('.'))
    const dotted = ours
      .flatMap((cell) => [...cell.matchAll(/`(?<key>[a-z]+(?:\.[a-zA-Z]+)+)/g)].map(({ groups }) => groups!.key!))
      .filter((key) => sections.includes(key.split('.')[0]!))
    expect(dotted.length).toBeGreaterThan(40)
    // A task's own keys are the task's: the recipe's schema has none of them.
    expect(dotted.filter((key) => !paths.has(key) && key !== 'task.rewards')).toEqual([])
  })
})
