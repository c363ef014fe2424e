/** An old Node gets one line. Reads dist/: build first. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'node-version-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** The command line under a Node that says it is `version`. */
function under(version: string) {
  const preload = join(directory, `${version}.cjs`)
  writeFileSync(
    preload,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`,
  )
  return spawnSync(process.execPath, ['--require', preload, 'bin/isentrope.js', '--version'], { encoding: 'utf8' })
}

it.each(['18.20.8', '20.18.3'])('Node %s is told what is needed, in one line', (version) => {
  expect(under(version)).toMatchObject({
    status: 2,
    stdout: '',
    stderr: `error: isentrope needs Node 20.19 or later, and this is Node ${version}\n`,
  })
})

it.each(['20.19.0', '22.0.0', '24.1.0'])('Node %s runs', (version) => {
  expect(under(version)).toMatchObject({ status: 0, stderr: '' })
})

it('needs what package.json says', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).engines.node).toBe('>=20.19')
})
