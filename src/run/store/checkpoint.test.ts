/** What becomes of a checkpoint that is not as it was saved, and of lines that a run has lost. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { fakeParts, fakeRecipe } from '../../../test/fake-run.js'
import { UserError } from '../../base/errors.js'
import { train } from '../train/train.js'
import { listCheckpoints, requireIntactModel } from './checkpoint.js'
import { runPaths } from './run-directory.js'

const root = mkdtempSync(join(tmpdir(), 'checkpoints-'))
afterAll(() => rmSync(root, { recursive: true }))

const recipe = fakeRecipe()
const longer = fakeRecipe({ train: { steps: 9 } })
let directory: string
let newest: string
let count = 0
beforeEach(async () => {
  directory = join(root, `${count++}`)
  newest = join(directory, 'checkpoints/step-000007')
  await train(recipe, { runDirectory: directory, openParts: fakeParts(recipe) })
})

/** Resumes for two more steps: the warnings, and the error if there is one. */
async function resume(): Promise<{ warnings: string[]; error?: UserError }> {
  const warnings: string[] = []
  const onEvent = (event: { type: string; message?: string }) => {
    if (event.type === 'warning') warnings.push(event.message!)
  }
  const options = { runDirectory: directory, resume: true, openParts: fakeParts(longer), onEvent }
  const error = await train(longer, options).then(
    () => undefined,
    (thrown) => thrown,
  )
  return { warnings, error }
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8')
  const after = change(before)
  expect(after).not.toBe(before)
  writeFileSync(file, after)
}

describe('a checkpoint', () => {
  it('holds the SHA-256 of each of its files and of its own state', () => {
    const line = readFileSync(join(newest, 'state.json'), 'utf8')
    const { sha256, ...state } = JSON.parse(line)
    const hash = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
    expect(state.files).toEqual({ 'model/weights.json': hash(readFileSync(join(newest, 'model/weights.json'))) })
    expect(hash(`${JSON.stringify(state)}\n`)).toBe(sha256)
    expect(Object.keys(JSON.parse(line))).toEqual(['format', 'step', 'best', 'loop', 'files', 'sha256'])
  })

  it('whose file has changed is not loaded: the file is named, and the checkpoint before it', async () => {
    const file = join(newest, 'model/weights.json')
    edit(file, (text) => text.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)))
    const { error } = await resume()
    expect(error).toBeInstanceOf(UserError)
    expect(error?.message).toBe(
      `the checkpoint of step 7 cannot be loaded: ${file} is not as it was saved: its SHA-256 differs`,
    )
    expect(error?.hint).toContain(`remove ${newest} and resume again: the run then goes on from`)
    expect(error?.hint).toContain('step-000006')

    const checkpoints = listCheckpoints(runPaths(directory))
    await expect(requireIntactModel(checkpoints.at(-1)!)).rejects.toThrow(`${file} is not as it was saved`)
    await expect(requireIntactModel(checkpoints.at(-2)!)).resolves.toBeUndefined()
  })

  it.each([
    ['another random state', (text: string) => text.replace(/"random":\d/, '"random":9'), 'its SHA-256 differs'],
    ['no metric', (text: string) => text.replace('"metric"', '"metrix"'), 'state.json: best.metric is required'],
    ['a step that is none', (text: string) => text.replace('"loop":{"step":7', '"loop":{"step":-7'), 'loop.step must'],
  ])('whose state has %s is left out with a warning that says so', async (_, change, words) => {
    edit(join(newest, 'state.json'), change)
    const { warnings, error } = await resume()
    expect(error).toBeUndefined()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(`${newest} is damaged`)
    expect(warnings[0]).toContain(words)
    expect(warnings[0]).toContain('goes on after step 6')
  })

  it('of an earlier version, without hashes, loads', async () => {
    edit(join(newest, 'state.json'), (text) => {
      const { files: _, sha256: __, ...state } = JSON.parse(text)
      return `${JSON.stringify(state)}\n`
    })
    expect(await resume()).toEqual({ warnings: [], error: undefined })
  })

  it('whose state the loop cannot continue from names it and the checkpoint before', async () => {
    const openParts: ReturnType<typeof fakeParts> = async (...given) => ({
      ...(await fakeParts(longer)(...given)),
      checkState: () => {
        throw new UserError('position is required')
      },
    })
    await expect(train(longer, { runDirectory: directory, resume: true, openParts })).rejects.toMatchObject({
      message: `the checkpoint of step 7 cannot be loaded: ${join(newest, 'state.json')}: position is required`,
      hint: expect.stringContaining('step-000006'),
    })
  })
})

describe('a run that lost some of its past', () => {
  const metrics = () => join(directory, 'metrics.jsonl')
  const line = (text: string, step: number) => text.split('\n').find((one) => one.startsWith(`{"step":${step},`))!

  it('is resumed with a warning for each', async () => {
    edit(metrics(), (text) =>
      text.replace(`${line(text, 2)}\n`, '').replace(line(text, 5), `${line(text, 5)}\n${line(text, 5)}`),
    )
    rmSync(join(directory, 'rollouts/step-000003.parquet'))
    rmSync(join(directory, 'rollouts/step-000004.parquet'))
    const { warnings, error } = await resume()
    expect(error).toBeUndefined()
    expect(warnings).toEqual([
      'metrics.jsonl has no line of step 2: figures leave them out',
      'metrics.jsonl has several lines of step 5: figures count each',
      'rollouts/ has no file of steps 3-4: samples and atlas leave them out',
    ])
  })

  it('all of its metrics, or all of its rollouts, too', async () => {
    rmSync(metrics())
    rmSync(join(directory, 'rollouts'), { recursive: true })
    expect((await resume()).warnings).toEqual(['metrics.jsonl has no line of steps 1-7: figures leave them out'])
  })

  it.each(['null', '5', '[]', '"x"'])('names a line that is %s', async (content) => {
    edit(metrics(), (text) => `${content}\n${text}`)
    expect((await resume()).error).toMatchObject({ message: `${metrics()}:1: not a JSON object` })
  })

  it.each(['null', '[]'])('names an environment.json that is %s', async (content) => {
    writeFileSync(join(directory, 'environment.json'), content)
    expect((await resume()).error).toMatchObject({ message: expect.stringContaining('environment.json: not JSON') })
  })
})
