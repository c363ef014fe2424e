import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { campaignRun, contentsOf, differing } from './run.js'
import { choices, setting } from './settings.js'

const root = mkdtempSync(join(tmpdir(), 'campaign-damage-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const run = campaignRun(root)
const whole = join(root, 'whole')
/** The run as it was after step 4. */
const before = join(root, 'before')
const checkpoint = 'checkpoints/step-000004'
let expected: Record<string, string>

beforeAll(async () => {
  expect((await run.start(whole).ended).code).toBe(0)
  expected = contentsOf(whole)
  cpSync(whole, before, { recursive: true })
  rmSync(join(before, 'checkpoints/step-000006'), { recursive: true })
  rmSync(join(before, 'report.html'))
})

/** Resumes a damaged copy: what it said, and whether it ended otherwise than the undamaged run without a word. */
async function resumed(damage: (directory: string) => void) {
  const directory = join(root, 'damaged')
  rmSync(directory, { recursive: true, force: true })
  cpSync(before, directory, { recursive: true })
  damage(directory)
  const { code, text } = await run.start(directory, { resume: true }).ended
  const said = text.split('\n').filter((line) => /^error:|warning/.test(line))
  const differs = code === 0 ? differing(expected, contentsOf(directory)) : []
  return { code, said, text, silent: differs.length > 0 && said.length === 0 ? differs : [] }
}

const bytes = (path: string, change: (content: Buffer) => Buffer) => writeFileSync(path, change(readFileSync(path)))
const text = (path: string, change: (content: string) => string) => {
  const content = readFileSync(path, 'latin1')
  const changed = change(content)
  if (changed === content) throw new Error(`${path}: nothing was changed`)
  writeFileSync(path, changed, 'latin1')
}
const flip = (path: string, at: number, bit: number) =>
  bytes(path, (content) => {
    const index = at < 0 ? content.length + at : at
    content[index] = content[index]! ^ (1 << bit)
    return content
  })
const state = (change: (state: { loop: Record<string, unknown> | null }) => void) => (directory: string) =>
  text(join(directory, checkpoint, 'state.json'), (content) => {
    const value = JSON.parse(content)
    change(value)
    return `${JSON.stringify(value)}\n`
  })
const inCheckpoint = (name: string, change: (path: string) => void) => (directory: string) =>
  change(join(directory, checkpoint, name))
const inRun = (name: string, change: (path: string) => void) => (directory: string) => change(join(directory, name))
const updates = (value: string) =>
  inCheckpoint('optimizer.safetensors', (path) => text(path, (content) => content.replace('"updates":"4"', value)))

const damages: Record<string, (directory: string) => void> = {
  'a bit of a weight': inCheckpoint('model/model.safetensors', (path) => flip(path, -2001, 6)),
  'a bit of a moment': inCheckpoint('optimizer.safetensors', (path) => flip(path, -2001, 6)),
  'updates 9': updates('"updates":"9"'),
  'updates 0': updates('"updates":"0"'),
  'updates -': updates('"updates":"-"'),
  'updates missing': updates('"updates":""  '),
  'a truncated optimizer': inCheckpoint('optimizer.safetensors', (path) => bytes(path, (all) => all.subarray(0, 5000))),
  'position missing': state(({ loop }) => delete loop!.position),
  'position -5': state(({ loop }) => Object.assign(loop!, { position: -5 })),
  'position "a"': state(({ loop }) => Object.assign(loop!, { position: 'a' })),
  'position 3.5': state(({ loop }) => Object.assign(loop!, { position: 3.5 })),
  'entropy missing': state(({ loop }) => delete loop!.entropy),
  'loop null': state((value) => Object.assign(value, { loop: null })),
  'an empty state': inCheckpoint('state.json', (path) => writeFileSync(path, '')),
  'another tokenizer': inCheckpoint('model/tokenizer.json', (path) => writeFileSync(path, '{}')),
  'another rope_theta': inCheckpoint('model/config.json', (path) =>
    text(path, (content) => content.replace('{', '{"rope_theta":1e6,')),
  ),
  'a missing model file': inCheckpoint('model/config.json', (path) => rmSync(path)),
  'a broken line of metrics': inRun('metrics.jsonl', (path) =>
    text(path, (content) => content.replace('"step":2', '"step":')),
  ),
  'a missing line of metrics': inRun('metrics.jsonl', (path) =>
    text(path, (content) =>
      content
        .split('\n')
        .filter((_, i) => i !== 1)
        .join('\n'),
    ),
  ),
  'a repeated line of metrics': inRun('metrics.jsonl', (path) =>
    text(path, (content) =>
      content
        .split('\n')
        .flatMap((line, i) => (i === 1 ? [line, line] : [line]))
        .join('\n'),
    ),
  ),
  'no metrics': inRun('metrics.jsonl', (path) => rmSync(path)),
  'a null line of metrics': inRun('metrics.jsonl', (path) => text(path, (content) => `null\n${content}`)),
  'a number among the evaluations': inRun('eval.jsonl', (path) => text(path, (content) => `5\n${content}`)),
  'a null environment': inRun('environment.json', (path) => writeFileSync(path, 'null\n')),
  'an environment that is a list': inRun('environment.json', (path) => writeFileSync(path, '[]\n')),
  'a missing rollout': inRun('rollouts/step-000002.parquet', (path) => rmSync(path)),
}

describe('a run that is resumed with', () => {
  it.each(Object.keys(damages))('%s is never silently another', async (name) => {
    const { code, said, silent, text } = await resumed(damages[name]!)
    console.log(`${name.padEnd(32)} exit code ${code}: ${said[0]?.slice(0, 160) ?? 'the same files'}`)
    expect({ silent, code }).toEqual({ silent: [], code: code === 2 ? 2 : 0 })
    expect(text).not.toContain('unexpected')
  })

  it(`a random bit of its checkpoint flipped, ${setting('FLIPS', 20)} times, names the file`, async () => {
    const random = choices(3)
    for (let trial = 0; trial < setting('FLIPS', 20); trial++) {
      let where = ''
      const { code, said } = await resumed((directory) => {
        const files = readdirSync(join(directory, checkpoint), { recursive: true, withFileTypes: true }).filter(
          (entry) => entry.isFile(),
        )
        const file = files[random.below(files.length)]!
        const path = join(file.parentPath, file.name)
        const at = random.below(readFileSync(path).length)
        const bit = random.below(8)
        where = `${path} byte ${at} bit ${bit}`
        flip(path, at, bit)
      })
      // A damaged state is left out with a warning, and the run ends the same; any other file ends it.
      expect({ where, code, said: said.join('\n') }).toEqual({
        where,
        code: where.includes('state.json') ? 0 : 2,
        said: expect.stringContaining('step-000004'),
      })
    }
  })
})
