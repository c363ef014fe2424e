import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { setting } from './settings.js'

const root = mkdtempSync(join(tmpdir(), 'campaign-lock-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const rounds = setting('ROUNDS', 60)
const LOCK_MODULE = pathToFileURL('dist/run/store/run-lock.js').href

const message = (child: ChildProcess) =>
  new Promise<string>((resolve) => child.once('message', (text) => resolve(String(text))))

it(`of three processes that take over one stale lock, ${rounds} times, one gets it`, async () => {
  const directory = join(root, 'run')
  for (let round = 0; round < rounds; round++) {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory)
    // No process has this id: Linux ends at 2^22.
    writeFileSync(join(directory, '.lock'), JSON.stringify({ pid: 2 ** 22 + 7, host: hostname(), token: 'x' }))
    const env = { ...process.env, LOCK_MODULE, LOCK_DIRECTORY: directory }
    const children = Array.from({ length: 3 }, () => fork(join(import.meta.dirname, 'lock-child.mjs'), { env }))
    await Promise.all(children.map(message))
    const ends = children.map((child) => new Promise((resolve) => child.on('exit', resolve)))
    const answers = children.map(message)
    const at = Date.now() + 30
    for (const child of children) child.send(at)
    const said = await Promise.all(answers)
    children.forEach((child, i) => {
      if (said[i] === 'got') child.send('release')
    })
    await Promise.all(ends)
    expect({ round, got: said.filter((text) => text === 'got').length }).toEqual({ round, got: 1 })
    expect(said.filter((text) => /^UserError: .* is training in it$/.test(text))).toHaveLength(2)
    expect(readdirSync(directory)).toEqual([])
  }
})
