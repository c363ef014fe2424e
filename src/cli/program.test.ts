import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fakeIo } from '../../test/fake-io.js'
import { schemaEntries } from '../base/schema/entries.js'
import { recipeSchema } from '../recipe/schema.js'
import { sftSchema } from '../recipe/sft-recipe.js'
import { commands } from './commands.js'
import { reportError } from './errors.js'
import { openProgram, wholeProgram } from './program.js'

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo()
  let code = 0
  try {
    await (await openProgram(argv, io)).parseAsync(argv, { from: 'user' })
  } catch (error) {
    code = reportError(error, argv, (text) => void io.stderr.write(text))
  }
  return { code, out: io.stdout.text, err: io.stderr.text }
}

const names = [...Object.keys(commands), 'help']

describe('the command line', () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  it.each(names.filter((name) => name !== 'help'))('teaches %s: usage, options, examples', async (name) => {
    const { code, out } = await run(name, '--help')
    expect(code).toBe(0)
    expect(out).toContain(`Usage: isentrope ${name}`)
    expect(out).toContain(`isentrope ${name} `)
    expect((await run('help', name)).out).toBe(out)
  })

  it('teaches a command inside another', async () => {
    const { code, out } = await run('help', 'data', 'prepare')
    expect(code).toBe(0)
    expect(out).toContain('Usage: isentrope data prepare')
    expect((await run('data', 'prepare', '--help')).out).toBe(out)
  })

  it.each([
    [['trian'], 'Did you mean train?'],
    [['help', 'trian'], 'did you mean train?'],
    [['help', 'bake'], 'the commands are train,'],
    [['help', 'data', 'prepar'], 'did you mean prepare?'],
    [['help', 'train', 'x'], "'train' has no commands of its own"],
    [['train', '--rum', 'x'], 'Did you mean --run?'],
    [['score'], "required option '-m, --model <model>' not specified"],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
    [['config', 'nope'], 'no key nope'],
    [['config', '--markdown', '--json-schema'], 'cannot be used with'],
  ])('refuses %s with code 2', async (argv, message) => {
    const { code, err, out } = await run(...argv)
    expect(err).toContain(message)
    expect(err).toContain('hint:')
    expect(out).toBe('')
    expect(code).toBe(2)
  })
})

describe('config', () => {
  it('explains every key, in text and in Markdown', async () => {
    const text = (await run('config')).out
    const markdown = (await run('config', '--markdown')).out
    for (const { path, section } of schemaEntries(recipeSchema)) {
      expect(text).toContain(path)
      if (!section) expect(markdown).toContain(`| \`${path}\` |`)
    }
  })

  it('matches docs/config.md: run `npm run docs` after a change of the schema', async () => {
    const page = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8')
    expect((await run('config', '--markdown')).out).toBe(page)
  })

  it('explains the keys of a supervised recipe, as docs/sft-config.md does', async () => {
    const page = readFileSync(new URL('../../docs/sft-config.md', import.meta.url), 'utf8')
    expect((await run('config', '--sft', '--markdown')).out).toBe(page)
    expect((await run('config', '--sft', 'train.lr')).out).toMatch(/^train\.lr {2}number >= 0, default 2e-5\n/)
    expect(JSON.parse((await run('config', '--sft', '--json-schema')).out).required).toEqual(['model', 'data'])
    for (const { path, description } of schemaEntries(sftSchema)) {
      expect(`${path}: ${description}`).toMatch(/: .{10}/)
    }
  })

  it('says something of every key', () => {
    for (const { path, description } of schemaEntries(recipeSchema))
      expect(`${path}: ${description}`).toMatch(/: .{10}/)
  })

  it('prints one section, one key, and a JSON Schema', async () => {
    expect((await run('config', 'entropy')).out).toContain('entropy.muLow')
    expect((await run('config', 'train.lr')).out).toMatch(/^train\.lr {2}number >= 0, default 1e-6\n/)
    const schema = JSON.parse((await run('config', '--json-schema')).out)
    expect(schema.required).toEqual(['model', 'task'])
    expect(schema.properties.algorithm.properties.importanceCap.default).toBe('.inf')
  })
})

describe.skipIf(process.platform === 'win32')('completion (needs bash, which Windows need not have)', () => {
  async function complete(...words: string[]): Promise<string[]> {
    const { out } = await run('completion', 'bash')
    const list = words.map((word) => `'${word}'`).join(' ')
    const script = `${out}\nCOMP_WORDS=(isentrope ${list}); COMP_CWORD=${words.length}; _isentrope; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', cwd: directory })
    expect(stderr).toBe('')
    return stdout.trim().split('\n')
  }
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'completion-'))
    writeFileSync(join(directory, 'my recipe.yaml'), '')
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  it('knows commands, options and values in bash', async () => {
    expect(await complete('tr')).toEqual(['train'])
    expect(await complete('train', '--r')).toEqual(['--run', '--resume'])
    expect(await complete('score', '--dtype', 'b')).toEqual(['bfloat16'])
    expect(await complete('help', 'sc')).toEqual(['score'])
    expect(await complete('completion', 'z')).toEqual(['zsh'])
    // The shell takes = for a word of its own.
    expect(await complete('score', '--dtype', '=', 'b')).toEqual(['bfloat16'])
  })

  it('knows the commands inside others, and their options', async () => {
    expect(await complete('data', 'pre')).toEqual(['prepare'])
    expect(await complete('data', 'prepare', '--ag')).toEqual(['--against'])
    expect(await complete('data', '--ag')).toEqual([''])
  })

  it('completes files, spaces in their names included, behind an option by its letter too', async () => {
    expect(await complete('train', 'my')).toEqual(['my recipe.yaml'])
    expect(await complete('eval', '-m', 'my')).toEqual(['my recipe.yaml'])
  })

  it("completes a recipe's keys behind --set, and values that can be listed", async () => {
    expect(await complete('train', '--set', 'train.l')).toEqual(['train.lr='])
    expect(await complete('train', '-s', 'algorithm.na')).toEqual(['algorithm.name='])
    expect(await complete('train', '--set', 'algorithm.name', '=')).toEqual(['grpo', 'ppo'])
    expect(await complete('train', '--set', 'algorithm.name', '=', 'p')).toEqual(['ppo'])
    expect(await complete('train', '--set', 'train.lr', '=', '1')).toEqual([''])
    expect(await complete('sft', '--set', 'data.to')).toEqual(['data.tooLong='])
  })

  it.each(['bash', 'zsh', 'fish'])('names every command and option in %s', async (shell) => {
    const { out } = await run('completion', shell)
    const everyCommand = (commands: readonly Command[]): Command[] =>
      commands.flatMap((command) => [command, ...everyCommand(command.commands)])
    for (const command of everyCommand((await wholeProgram(fakeIo())).commands)) {
      expect(out).toContain(command.name())
      for (const option of command.options) expect(out).toContain(option.long!.slice(2))
    }
    for (const { path, section } of schemaEntries(recipeSchema)) if (!section) expect(out).toContain(`${path}=`)
  })
})
