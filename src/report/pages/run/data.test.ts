import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../base/errors.js'
import { readRun, setting } from './data.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'isentrope-run-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(directory, name), text)

describe('readRun', () => {
  it('refuses what is no run', () => {
    expect(() => readRun(directory)).toThrow(UserError)
    expect(() => readRun(join(directory, 'nowhere'))).toThrow('no such directory')
  })

  it('reads the lines by step, the later of two for one step, and no torn last line', () => {
    write('metrics.jsonl', '{"step":2,"loss":1}\n{"step":1}\n{"step":2,"loss":3}\n{"step":3,"los')
    const run = readRun(directory)
    expect(run.metrics).toEqual([{ step: 1 }, { step: 2, loss: 3 }])
    expect(run.problems).toEqual([])
    expect(run.evals).toEqual([])
  })

  it('names what it left out', () => {
    write('metrics.jsonl', '{"step":1}\ngarbage\n[]\nnull\n{"step":"5"}\n\n{"step":6}\n')
    write('config.yaml', 'a: [unclosed')
    const run = readRun(directory)
    expect(run.metrics.map(({ step }) => step)).toEqual([1, 6])
    expect(run.problems).toEqual([
      'metrics.jsonl, line 2: not readable, left out',
      'metrics.jsonl, line 3: not readable, left out',
      'metrics.jsonl, line 4: not readable, left out',
      'metrics.jsonl, line 5: not readable, left out',
      'config.yaml: not readable, its settings are not shown',
    ])
  })

  it('finds settings by their path', () => {
    write('metrics.jsonl', '')
    write('config.yaml', 'model: m\nentropy:\n  muLow: 1.5\n  method: [clip-v, prob-weight]\n  list: []\n')
    const run = readRun(directory)
    expect(setting(run, 'model')).toBe('m')
    expect(setting(run, 'entropy.muLow')).toBe('1.5')
    expect(setting(run, 'entropy.method')).toBe('clip-v + prob-weight')
    for (const path of ['entropy', 'entropy.list', 'entropy.muHigh', 'model.name', 'nowhere.at.all']) {
      expect(setting(run, path)).toBeUndefined()
    }
  })
})
