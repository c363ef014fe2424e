import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { realDisk } from '../store/disk.js'
import { memoryJournal, openJournal, type ProblemLine } from './journal.js'

const directory = mkdtempSync(join(tmpdir(), 'journal-'))
afterAll(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'lines.jsonl')

interface Line extends ProblemLine {
  samples: number
}
const line = (index: number): Line => ({ index, id: `p${index}`, samples: 2 })
const open = () =>
  openJournal<Line>(realDisk, path, { ids: ['p0', 'p1', 'p2'], samples: 2, samplesOf: ({ samples }) => samples })

describe('a journal', () => {
  beforeEach(() => rmSync(path, { force: true }))

  it('has what was appended to it, also after it is opened again', () => {
    const journal = open()
    expect(journal.done.size).toBe(0)
    journal.append([line(1)])
    journal.append([line(0)])
    expect(readFileSync(path, 'utf8')).toBe('{"index":1,"id":"p1","samples":2}\n{"index":0,"id":"p0","samples":2}\n')
    expect([...open().done.values()]).toEqual([line(1), line(0)])
    expect([...journal.done.keys()]).toEqual([1, 0])
  })

  it('cuts a line without its end, so that the next one is whole', () => {
    open().append([line(0), line(1)])
    appendFileSync(path, '{"index":2,"id":')
    const journal = open()
    expect([...journal.done.keys()]).toEqual([0, 1])
    journal.append([line(2)])
    expect([...open().done.keys()]).toEqual([0, 1, 2])
  })

  it.each([
    ['another id', '{"index":0,"id":"p1","samples":2}\n', /holds other problems than the data/],
    [
      'a place that the data does not have',
      '{"index":3,"id":"p3","samples":2}\n',
      /holds other problems than the data/,
    ],
    ['other samples', '{"index":0,"id":"p0","samples":4}\n', /holds other problems than the data/],
    ['a broken line', '{"index":0,\n{"index":1,"id":"p1","samples":2}\n', /lines\.jsonl:1: not a JSON object/],
  ])('refuses %s', (_, text, message) => {
    writeFileSync(path, text)
    expect(open).toThrow(message)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('in memory writes nothing', () => {
    const journal = memoryJournal<Line>()
    journal.append([line(2)])
    expect([...journal.done]).toEqual([[2, line(2)]])
  })
})
