/**
 * The other side of a comparison: a Python process that stays up and answers one JSON line with one JSON line, so that
 * the two sides take turns in the same minutes on the same machine.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export class Peer {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  /** Starts `bench/peer/NAME.py` with its settings as its first line. */
  constructor(python: string, name: string, settings: object, threads: number) {
    const script = fileURLToPath(new URL(`peer/${name}.py`, import.meta.url))
    const count = String(threads)
    this.#process = spawn(python, [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        // PyTorch's own choice of attention, not ours (src/torch/engine.ts).
        TORCH_CUDNN_SDPA_DEPRIORITIZED: undefined,
        OMP_NUM_THREADS: count,
        MKL_NUM_THREADS: count,
        HF_HUB_OFFLINE: '1',
        TQDM_DISABLE: '1',
        TRANSFORMERS_VERBOSITY: 'error',
        PYTHONWARNINGS: 'ignore',
      },
    })
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
    this.#send(settings)
  }

  /** The answer to a request; the answer to none is what the peer says once it is ready. */
  async ask<T>(request?: object): Promise<T> {
    if (request) this.#send(request)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the peer ended early; its own messages say why')
    return JSON.parse(value) as T
  }

  close(): void {
    this.#process.stdin!.end()
    this.#process.kill()
  }

  #send(value: object): void {
    this.#process.stdin!.write(`${JSON.stringify(value)}\n`)
  }
}
