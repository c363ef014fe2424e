/** The structure of src/: imports go down only, and `entropy/` knows nothing of tensors (README, "Structure"). */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** From top to bottom. `index.ts` is the public library; it is made of everything but the command line. */
const folders = [
  'cli',
  'index.ts',
  'report',
  'run',
  'recipe',
  'trackers',
  'train',
  'evaluate',
  'rollout',
  'task',
  'model',
  'entropy',
  'torch',
  'fetch',
  'base',
]
/** Imports that go down and are refused all the same: [from, to]. */
const refused = [['entropy', 'torch']]

const folderOf = (path: string) => path.split('/')[1]!
/** Every relative specifier: static, dynamic, of a type, and of a worker's file. */
const specifier = /(?:\bfrom|\bimport\(?|\bnew URL\()\s*'(\.{1,2}\/[^']+\.js)'/g

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => join('src', file))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))

const imports = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(specifier)].map(([, to]) => ({
    file,
    from: folderOf(file),
    to: folderOf(normalize(join(dirname(file), to!.replace(/\.js$/, '.ts')))),
  })),
)

describe('imports', () => {
  it('are found, of every folder, and every folder has its place', () => {
    expect(imports.length).toBeGreaterThan(1000)
    expect(new Set(files.map(folderOf))).toEqual(new Set(folders))
    expect(imports.filter(({ to }) => !folders.includes(to))).toEqual([])
  })

  it('go down only', () => {
    expect(imports.filter(({ from, to }) => folders.indexOf(to) < folders.indexOf(from))).toEqual([])
  })

  it.each(refused)('never lead from %s to %s', (from, to) => {
    expect(imports.filter((one) => one.from === from && one.to === to)).toEqual([])
  })
})
