import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import { fakeParts } from '../../test/fake-run.js'
import { loadRecipe } from '../recipe/index.js'
import { quickstartCommand } from './quickstart.js'

const root = mkdtempSync(join(tmpdir(), 'quickstart-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = () => join(root, `quick-${count++}`)

const quickstart = (argv: string[], misbehave?: (step: number) => void) =>
  runCommand(
    (io) => quickstartCommand(io, (recipe, options) => fakeParts(recipe, [], misbehave)(recipe, options)),
    ['quickstart', ...argv],
    fakeIo(),
  )

const stepsOf = (directory: string) =>
  readFileSync(join(directory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').length

describe('quickstart', () => {
  it.each(['quickstart/', 'recipes/countdown-'])('has recipes under %s that differ in the method alone', (prefix) => {
    const load = (key: string) => {
      const {
        name: _,
        entropy,
        ...rest
      } = loadRecipe(fileURLToPath(new URL(`../../${prefix}${key}.yaml`, import.meta.url)))
      return { method: entropy.method, rest }
    }
    const grpo = load('grpo')
    expect(grpo.method).toBe('none')
    for (const method of ['clip-b', 'clip-v']) expect(load(method)).toEqual({ method, rest: grpo.rest })
  })

  it('makes three runs, compares them and says that one seed is one seed', async () => {
    const directory = fresh()
    const { code, out, err } = await quickstart(['--steps', '3', '--run', directory])
    expect(err).toBe('')
    expect(code).toBe(0)
    for (const key of ['grpo', 'clip-b', 'clip-v']) expect(stepsOf(join(directory, key))).toBe(3)
    expect(out).toContain('Entropy')
    expect(out).toContain('Clip_V')
    expect(out).toContain('One seed (0)')
    expect(out).toContain(`npx isentrope watch ${directory}\n`)
    expect(out.trimEnd().split('\n').at(-1)).toBe(`report      ${join(directory, 'report.html')}`)
    const page = readFileSync(join(directory, 'report.html'), 'utf8')
    expect(page).toContain('one seed')
    // The curves come first, behind one paragraph; then what was seen, and the same prompt under each method.
    const titles = [...page.matchAll(/<h2 id="([\w-]+)-title">/g)].map(([, id]) => id)
    expect(titles.slice(0, 3)).toEqual(['learning', 'seen', 'samples'])
    expect(page).toContain('The same prompt under each method')
    for (const key of ['grpo', 'clip-b', 'clip-v']) expect(existsSync(join(directory, key, 'report.html'))).toBe(true)
  })

  it('goes on in the run that was interrupted, and takes finished runs as they are', async () => {
    const directory = fresh()
    let begun = 0
    const first = await quickstart(['--steps', '3', '--run', directory], (step) => {
      if (step === 1) begun++
      if (begun === 2 && step === 2) process.emit('SIGINT')
    })
    expect(first.code).toBe(130)
    expect(first.err).toContain('interrupted in Clip_B after step 2')
    expect(existsSync(join(directory, 'clip-v'))).toBe(false)
    const second = await quickstart(['--steps', '3', '--run', directory])
    expect(second.code).toBe(0)
    expect(second.out).toContain('grpo is already finished')
    expect(second.out).toContain('clip-b after step 2')
    expect(stepsOf(join(directory, 'clip-b'))).toBe(3)
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })

  it('prints one line of JSON', async () => {
    const directory = fresh()
    const { code, out } = await quickstart(['--steps', '2', '--seed', '5', '--run', directory, '--json'])
    expect(code).toBe(0)
    expect(out.trimEnd().split('\n').length).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      seed: 5,
      report: join(directory, 'report.html'),
      runs: { grpo: { step: 2, interrupted: false }, 'clip-b': { step: 2 }, 'clip-v': { step: 2 } },
    })
  })

  it('refuses a directory that holds runs of other settings', async () => {
    const directory = fresh()
    await quickstart(['--steps', '1', '--run', directory])
    const other = await quickstart(['--steps', '1', '--seed', '1', '--run', directory])
    expect(other.code).toBe(2)
    expect(other.err).toContain('seed: 0 in the run, 1 now')
    expect(other.err).toContain('choose another directory by --run')
  })

  it.each([
    [['--steps', '0'], 'at least 1'],
    [['--seed', 'x'], 'a whole number'],
  ])('rejects %j', async (argv, message) => {
    const { code, err } = await quickstart(argv)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})
