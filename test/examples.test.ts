/** examples/ and templates/ as a user runs them, through the compiled package: build first. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ownDependency, templates } from '../src/run/init/init.js'
import { writeTinyModel } from './training/tiny-model.js'

const root = mkdtempSync(join(tmpdir(), 'examples-'))
afterAll(() => rmSync(root, { recursive: true }))
const jiti = resolve('node_modules/jiti/lib/jiti-cli.mjs')
const cli = resolve('bin/isentrope.js')

const node = (args: string[], cwd = process.cwd()) =>
  execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const metricsOf = (run: string) =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('examples', () => {
  it('custom-reward.ts trains on a reward in code, which the command line cannot resume', () => {
    const run = join(root, 'reward')
    const out = node([jiti, 'examples/custom-reward.ts', '2', run])
    expect(out).toMatch(/^step 1 {2}reward \d/)
    expect(metricsOf(run)).toHaveLength(2)
    expect(readFileSync(join(run, 'config.yaml'), 'utf8')).toContain('fromCode: true')
    expect(() => node([cli, 'train', '--run', run, '--resume', '--set', 'train.steps=3'])).toThrow(
      /reward brief is a function of the program[\s\S]*await train\(/,
    )
    expect(metricsOf(run)).toHaveLength(2)
  })

  it('custom-task.ts trains and evaluates on a task in code', () => {
    const run = join(root, 'task')
    expect(node([jiti, 'examples/custom-task.ts', '2', run])).toContain('held out: Avg@8')
    expect(metricsOf(run)).toHaveLength(2)
  })

  it('entropy-of-text.ts prints a line for every token that has a distribution', () => {
    const out = node([jiti, 'examples/entropy-of-text.ts', 'quickstart/policy', '1,2,3,4=5:', '4+1'])
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^"1"( +-?\d\.\d{3}){4} {4}(lowers|raises) entropy$/)
  })

  it('rl-loop.ts trains by its own loop, and saves a model', () => {
    const tiny = writeTinyModel(join(root, 'tiny'))
    const saved = join(root, 'saved')
    const out = node([jiti, 'examples/rl-loop.ts', tiny, '2', saved])
    const line =
      /^step \d {2}reward -?\d\.\d{3} {2}entropy \d\.\d{3} nats {2}predicted dH \S+ {2}masked \d+ \+ \d+ of \d+ {2}loss \S+ {2}\|g\| \S+$/
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    for (const one of lines) expect(one).toMatch(line)
    const weights = (directory: string) => readFileSync(join(directory, 'model.safetensors'))
    expect(weights(saved).equals(weights(tiny))).toBe(false)
  })

  it('tracker.ts writes a row a step', () => {
    const csv = join(root, 'metrics.csv')
    node([jiti, 'examples/tracker.ts', '2', join(root, 'tracker'), csv])
    const rows = readFileSync(csv, 'utf8').trimEnd().split('\n')
    expect(rows[0]).toBe('step,reward_mean,entropy_nats,cov_A_Sc,grad_norm,best_completion')
    expect(rows.slice(1).map((row) => row.split(',')[0])).toEqual(['1', '2'])
  })
})

describe('init', () => {
  it('offers what the templates are', () => {
    expect(readdirSync('templates').sort()).toEqual(Object.keys(templates).sort())
  })

  it.each(['reward', 'task'] as const)('--example %s trains at once', (name) => {
    const project = join(root, `my ${name}`)
    const { files } = JSON.parse(node([cli, 'init', project, '--example', name, '--json']))
    expect(files.map((file: string) => file.slice(project.length + 1))).toEqual([
      'package.json',
      '.gitignore',
      'README.md',
      'recipe.yaml',
      `${name}.ts`,
    ])
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    expect(manifest.name).toBe(`my-${name}`)
    expect(resolve(project, manifest.dependencies.isentrope.slice('file:'.length))).toBe(resolve('.'))
    // What `npm install` makes of it, without its minute.
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(resolve('.'), join(project, 'node_modules', 'isentrope'))
    const entry = join('node_modules', 'isentrope', 'bin', 'isentrope.js')
    const small = ['--set', 'train.steps=1', '--set', 'eval.problems=2', '--set', 'rollout.promptsPerStep=4']
    node([entry, 'train', 'recipe.yaml', '--run', 'runs/first', ...small], project)
    expect(existsSync(join(project, 'runs', 'first', 'report.html'))).toBe(true)
    expect(() => node([cli, 'init', project])).toThrow('already has package.json, .gitignore, README.md')
  })

  it.each([
    ['from a registry', 'https://registry.example/isentrope.tgz', /^\^\d/],
    ['from a packed file', 'file:../isentrope-0.1.0.tgz', /^file:\.\.\/isentrope-0\.1\.0\.tgz$/],
    ['without a lock file', undefined, /^file:node_modules\/isentrope$/],
  ])('depends on what was installed %s', (_, resolved, expected) => {
    const project = mkdtempSync(join(root, 'installed-'))
    const own = join(project, 'node_modules', 'isentrope')
    mkdirSync(own, { recursive: true })
    cpSync('package.json', join(own, 'package.json'))
    if (resolved !== undefined) {
      const lock = { packages: { 'node_modules/isentrope': { resolved } } }
      writeFileSync(join(project, 'node_modules', '.package-lock.json'), JSON.stringify(lock))
    }
    expect(ownDependency(project, own)).toMatch(expected)
  })
})
