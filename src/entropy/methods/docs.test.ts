import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { replaceSection } from '../../base/marked-section.js'
import { methodsTable } from './docs.js'

describe('docs/methods.md', () => {
  it('has the table that the methods declare (npm run docs)', () => {
    const page = readFileSync('docs/methods.md', 'utf8')
    expect(replaceSection(page, 'methods', methodsTable())).toBe(page)
  })
})
