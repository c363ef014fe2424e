/** What only a process of its own can show: exit codes, closed pipes, kills. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'process-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const typescript = ['--import', 'jiti/register']
const main = [...typescript, join(root, 'src/cli/main.ts')]

function isentrope(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...main, ...argv], { cwd: root, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('the process', () => {
  it('has the documented exit codes', () => {
    expect(isentrope('--version')).toMatchObject({ status: 0, stderr: '' })
    expect(isentrope('trian')).toMatchObject({ status: 2, stdout: '' })
    expect(isentrope()).toMatchObject({ status: 2, stdout: '' })
    expect(isentrope('train', 'none.yaml')).toMatchObject({ status: 2, stdout: '' })
  })

  it('ends quietly where its reader has seen enough', async () => {
    const child = spawn(process.execPath, [...main, 'config'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let complaint = ''
    child.stderr.on('data', (text) => {
      complaint += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' })
  })
})

/** Kills the process once the file has so many lines. */
async function killAfter(child: ChildProcess, file: string, lines: number): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (existsSync(file) && readFileSync(file, 'utf8').split('\n').length > lines) child.kill('SIGKILL')
    await sleep(1)
  }
}

describe.runIf(process.platform === 'linux')('under a limit on open files', () => {
  it('says so where not even its own modules load', () => {
    const command = `ulimit -n 40; exec '${process.execPath}' bin/isentrope.js train none.yaml`
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(
      /^error: too many files are open \(EMFILE: [^\n]*\)\nhint: raise the limit on open files \(ulimit -n\)\n$/,
    )
  })
})

describe('a run that is killed at any moment', () => {
  it('ends as if it had never been', { timeout: 300_000 }, async () => {
    const script = join(root, 'test/fake-run-process.ts')
    const start = (directory: string, more: string[]) =>
      spawn(process.execPath, [...typescript, script, directory, ...more], { cwd: root, stdio: 'ignore' })
    const finished = (child: ReturnType<typeof start>) => new Promise<number>((resolve) => child.on('close', resolve))
    const files = ['metrics.jsonl', 'eval.jsonl', 'checkpoints/step-000040/state.json']
    const read = (directory: string) => files.map((file) => readFileSync(join(directory, file), 'utf8'))

    const whole = join(scratch, 'whole')
    expect(await finished(start(whole, []))).toBe(0)
    const killed = join(scratch, 'killed')
    let kills = 0
    for (let attempt = 0, code = -1; code !== 0; attempt++) {
      const child = start(killed, ['--resume'])
      const done = finished(child)
      if (attempt < 6) killAfter(child, join(killed, 'metrics.jsonl'), 3 + 6 * attempt)
      code = (await done) ?? -1
      if (code !== 0) kills++
      expect(attempt).toBeLessThan(12)
    }
    expect(kills).toBeGreaterThan(0)
    expect(read(killed)).toEqual(read(whole))
  })
})
