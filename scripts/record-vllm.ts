/**
 * Records what a real vLLM server answers, for the tests of the fake one (test/vllm/):
 *
 *     npx jiti scripts/record-vllm.ts URL MODEL NAME
 *
 * URL: a server of the model in the directory MODEL, started by scripts/vllm-server.sh. NAME: of the recording,
 * test/fixtures/vllm/NAME.json. Needs a build. The last exchange of `full` leaves the server without usable weights.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Exchange {
  what: string
  method: 'GET' | 'POST'
  path: string
  body?: Record<string, unknown>
  status: number
  /** JSON where it is, else text. */
  answer: unknown
}

const [url, model, name = 'full'] = process.argv.slice(2) as [string, string, string?]
const root = mkdtempSync(join(tmpdir(), 'record-'))
const recorded: Exchange[] = []

/** Paths of this machine, times, and random names say nothing. */
function plain(text: string): string {
  return text
    .replaceAll(root, '/adapters')
    .replaceAll(resolve(model), '/model')
    .replaceAll(/"created":\s*\d+/g, '"created":0')
    .replaceAll(/(cmpl|modelperm)-[0-9a-f-]+/g, '$1-0')
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function record(what: string, path: string, body?: Record<string, unknown>): Promise<unknown> {
  const method = body ? 'POST' : 'GET'
  const response = await fetch(`${url}/${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  })
  const text = plain(await response.text())
  const sent = body && (JSON.parse(plain(JSON.stringify(body))) as Record<string, unknown>)
  recorded.push({ what, method, path, ...(sent ? { body: sent } : {}), status: response.status, answer: json(text) })
  console.log(response.status, what)
  return json(text)
}

const completion = (base: string, changes: Record<string, unknown> = {}) => ({
  model: base,
  prompt: [504, 3575, 282, 4649, 314],
  max_tokens: 6,
  seed: 7,
  temperature: 1,
  top_p: 1,
  top_k: 0,
  min_p: 0,
  repetition_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  ignore_eos: true,
  stop_token_ids: [],
  stop: [],
  include_stop_str_in_output: true,
  skip_special_tokens: false,
  add_special_tokens: false,
  logprobs: 0,
  return_token_ids: true,
  return_tokens_as_token_ids: true,
  ...changes,
})

async function adapter(rank: number): Promise<string> {
  const { openBackend } = await import('../dist/index.js')
  const backend = await openBackend({ model: resolve(model), lora: { rank }, threads: 1 })
  const directory = join(root, `rank-${rank}`)
  await backend.save(directory, { optimizer: false })
  await backend.close()
  return directory
}

await record('version', 'version')
const models = (await record('models', 'v1/models')) as { data: { id: string }[] }
const base = models.data[0]!.id
const free = (await record('completion that ends by length', 'v1/completions', completion(base))) as {
  choices: { text: string; token_ids: number[] }[]
}
const { text: written, token_ids: tokens } = free.choices[0]!
await record(
  'completion that ends at a stop token',
  'v1/completions',
  completion(base, { stop_token_ids: [tokens[2]] }),
)
await record('probe', 'v1/completions', completion(base, { max_tokens: 1, top_k: 1, prompt_logprobs: 0 }))
await record('load an adapter', 'v1/load_lora_adapter', { lora_name: 'a', lora_path: await adapter(8) })
await record('read other weights', 'collective_rpc', {
  method: 'reload_weights',
  kwargs: { weights_path: resolve(model) },
})
if (name === 'full') {
  await record('completion that ends at a text', 'v1/completions', completion(base, { stop: [written.slice(3, 5)] }))
  await record('unknown model', 'v1/completions', completion('nobody'))
  await record('id outside of the vocabulary', 'v1/completions', completion(base, { prompt: [10_000_000] }))
  await record('negative id', 'v1/completions', completion(base, { prompt: [-1] }))
  await record('no prompt', 'v1/completions', completion(base, { prompt: [] }))
  await record('too long', 'v1/completions', completion(base, { max_tokens: 1_000_000 }))
  await record('completion of an adapter', 'v1/completions', completion('a'))
  await record('models with an adapter', 'v1/models')
  await record('load an adapter again', 'v1/load_lora_adapter', { lora_name: 'a', lora_path: join(root, 'rank-8') })
  await record('load an adapter that is not there', 'v1/load_lora_adapter', {
    lora_name: 'b',
    lora_path: join(root, 'none'),
  })
  await record('load an adapter of too high a rank', 'v1/load_lora_adapter', {
    lora_name: 'c',
    lora_path: await adapter(128),
  })
  await record('unload an adapter', 'v1/unload_lora_adapter', { lora_name: 'a' })
  await record('unload an adapter again', 'v1/unload_lora_adapter', { lora_name: 'a' })
  await record('forget cached prefixes', 'reset_prefix_cache?reset_running_requests=true', {})
  await record('no such path', 'v1/nothing', {})
  await record('read weights that are not there', 'collective_rpc', {
    method: 'reload_weights',
    kwargs: { weights_path: join(root, 'none') },
  })
  await record('completion after that', 'v1/completions', completion(base)).catch((error) => console.log(String(error)))
}
const out = fileURLToPath(new URL(`../test/fixtures/vllm/${name}.json`, import.meta.url))
writeFileSync(out, `${JSON.stringify(recorded, undefined, 1)}\n`)
rmSync(root, { recursive: true })
