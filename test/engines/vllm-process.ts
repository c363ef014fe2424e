/** A real vLLM server for the tests: installed and started by scripts/vllm-server.sh, or the one that VLLM_URL names. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from '../../src/fetch/cache.js'

const script = fileURLToPath(new URL('../../scripts/vllm-server.sh', import.meta.url))
/** Where vLLM is installed: VLLM_VENV, else beside the downloaded models. */
const venv = process.env.VLLM_VENV ?? join(cacheDirectory(), 'vllm-0.32.0')

export interface VllmProcess {
  url: string
  /** As `kill -9`. */
  kill(): Promise<void>
  /** The same server once more, at the same address; resolves when it answers. */
  start(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const answers = (url: string) =>
  fetch(`${url}/v1/models`).then(
    ({ ok }) => ok,
    () => false,
  )

/** `model`: a Hugging Face directory. Options are those of `vllm serve`. */
export async function startVllm(model: string, options: string[] = []): Promise<VllmProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const log = join(tmpdir(), `vllm-${port}.log`)
  let child: ChildProcess | undefined
  let ended = false
  const kill = async () => {
    const running = child
    if (!running?.pid || ended) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    // Its engine and workers are processes of their own, in its group.
    process.kill(-running.pid, 'SIGKILL')
    await gone
  }
  const start = async () => {
    ended = false
    child = spawn(script, [venv, model, String(port), '--max-model-len', '2048', ...options], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.once('exit', () => {
      ended = true
    })
    const out = createWriteStream(log, { flags: 'a' })
    child.stdout!.pipe(out)
    child.stderr!.pipe(out)
    while (!(await answers(url))) {
      if (ended) throw new Error(`vLLM ended before it answered; see ${log}`)
      await sleep(500)
    }
  }
  process.once('exit', () => void (child?.pid && !ended && process.kill(-child.pid, 'SIGKILL')))
  await start()
  return { url, kill, start }
}
