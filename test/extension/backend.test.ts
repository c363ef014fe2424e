/** CONTRIBUTING.md, "Add a backend" and "Add a sampler": a file and a line in the list each are enough. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { type CopiedTree, copyTree } from '../copied-tree.js'
import { writeLetterTask, writeTinyModel } from '../training/tiny-model.js'

const contributing = readFileSync('CONTRIBUTING.md', 'utf8')
/** The example of a file, as CONTRIBUTING.md has it. */
function exampleOf(path: string): string {
  const found = new RegExp(`^ *\`\`\`ts\\n *// ${path.replaceAll('.', '\\.')}\\n([\\s\\S]*?)^ *\`\`\``, 'm').exec(
    contributing,
  )
  return found![1]!
}

/** An engine that is the local one, but keeps to what the kind declares. */
const client = `
import type { Backend } from '../backend.js'
import type { PolicyOptions } from '../backend-kind.js'
import { requireDeclared } from '../asked-terms.js'
import { openLocalPolicy } from '../local/policy.js'
import { engineBackend } from './kind.js'

export async function openEngine(policy: PolicyOptions, url: string, signal?: AbortSignal): Promise<Backend> {
  const { critic: _, ...local } = await openLocalPolicy(policy, signal)
  const capabilities = engineBackend.capabilities({ url })
  return {
    ...local,
    capabilities,
    async update(groups, options) {
      requireDeclared(capabilities, groups, options)
      return local.update(groups, options)
    },
  }
}
`

/** A server that completes ids with a model, and takes over weights from a directory. */
const server = `
import { createServer } from 'node:http'
import { openBackend } from './dist/index.js'

const backend = await openBackend({ model: process.argv[2], threads: 1 })
const loads = []
createServer(async (request, response) => {
  let text = ''
  for await (const part of request) text += part
  const body = JSON.parse(text)
  const answer = async () => {
    if (request.url === '/loads') return loads
    if (request.url === '/load') {
      loads.push(body.weights)
      return backend.load(body.weights, { optimizer: false })
    }
    const { completions } = await backend.sample(body.prompts, body.options)
    return completions.map(({ prompt, sample, finish, tokens, logprob }) => (
      { prompt, sample, finish, tokens: [...tokens], logprob: [...logprob] }
    ))
  }
  response.end(JSON.stringify((await answer()) ?? null))
}).listen(0, '127.0.0.1', function () {
  console.log(this.address().port)
})
`

let tree: CopiedTree
let model: string
let task: string
beforeAll(() => {
  tree = copyTree()
  tree.write('src/train/engine/kind.ts', exampleOf('src/train/engine/kind.ts'))
  tree.write('src/train/engine/client.ts', client)
  tree.replace('src/train/backends.ts', '] as const', ', engineBackend] as const')
  tree.replace(
    'src/train/backends.ts',
    "import { localBackend } from './local/kind.js'\n",
    "import { engineBackend } from './engine/kind.js'\nimport { localBackend } from './local/kind.js'\n",
  )
  tree.write('src/rollout/server/kind.ts', exampleOf('src/rollout/server/kind.ts'))
  tree.replace('src/rollout/samplers.ts', '] as const', ', serverSampler] as const')
  tree.replace(
    'src/rollout/samplers.ts',
    "import { localSampler } from './local-sampler.js'\n",
    "import { localSampler } from './local-sampler.js'\nimport { serverSampler } from './server/kind.js'\n",
  )
  tree.build()
  tree.write('server.mjs', server)
  model = writeTinyModel(join(tree.root, 'tiny'))
  task = writeLetterTask(join(tree.root, 'letters.mjs'))
})
afterAll(() => tree.dispose())

const isentrope = (...args: string[]) => tree.run('bin/isentrope.js', args)
let count = 0
/** The path of a recipe file. */
function recipe(sections: object): string {
  const path = join(tree.root, `recipe-${count++}.yaml`)
  const base = {
    name: 'tiny',
    model,
    threads: 1,
    task: { name: task },
    rollout: { promptsPerStep: 2, samplesPerPrompt: 4, maxNewTokens: 8 },
    train: { steps: 2, lr: 0.01 },
    checkpoint: { every: 1 },
  }
  writeFileSync(path, stringify({ ...base, ...sections }))
  return path
}
/** Trains into a new directory of that name. */
function train(name: string, sections: object): string {
  const run = join(tree.root, name)
  const { status, stderr } = isentrope('train', recipe(sections), '--run', run)
  expect(status, stderr).toBe(0)
  return run
}
const configOf = (run: string) => parse(readFileSync(join(run, 'config.yaml'), 'utf8'))
const metricsOf = (run: string): Record<string, number>[] =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

const engine = { kind: 'engine', url: 'http://127.0.0.1:1/' }

describe('a backend that is a folder and a line in the list', () => {
  it('is explained by config, as text and as JSON Schema', () => {
    const { stdout } = isentrope('config', 'backend')
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('engine: an engine behind an address, which trains adapters.')
    expect(stdout).toMatch(/backend\.url {2}text, required\n {4}Of (\w+ and )*engine\./)
    const schema = JSON.parse(isentrope('config', '--json-schema').stdout)
    const kinds = schema.properties.backend.oneOf.map((one: { properties: { kind: object } }) => one.properties.kind)
    expect(kinds.at(0)).toMatchObject({ const: 'local' })
    expect(kinds.at(-1)).toMatchObject({ const: 'engine' })
    expect(isentrope('config', '--markdown').stdout).toMatch(/\| `backend\.kind` \| local .*\\\| engine \| `local` \|/)
  })

  it('is in the plan', () => {
    const { stdout, status } = isentrope('train', recipe({ backend: engine, lora: { rank: 2 } }), '--dry-run')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^backend +engine: an engine at http:\/\/127\.0\.0\.1:1\/, resumes, but not bit for bit$/m)
  })

  it('is refused before anything starts for what it cannot do, at the keys that ask', () => {
    const path = recipe({
      backend: engine,
      lora: { rank: 2, dropout: 0.1 },
      algorithm: { name: 'ppo', klCoef: 0.1 },
      entropy: { method: 'kl-cov' },
    })
    const at = (key: string, value = '') => {
      const lines = readFileSync(path, 'utf8').split('\n')
      const line = lines.findIndex((text) => text.trim().startsWith(`${key}: ${value}`))
      return `${path}:${line + 1}:${lines[line]!.indexOf(key) + 1}`
    }
    const run = join(tree.root, 'refused')
    for (const flags of [['--dry-run'], ['--run', run]]) {
      const { status, stderr } = isentrope('train', path, ...flags)
      expect(status).toBe(2)
      const way = 'change this key, or set backend.kind: local'
      const lacks = 'which backend.kind engine does not have'
      for (const line of [
        `${at('name', 'ppo')}: algorithm.name: needs a value model that is trained beside the policy, ${lacks}; ${way}`,
        `${at('klCoef')}: algorithm.klCoef: needs the starting policy as a frozen reference, ${lacks}; ${way}`,
        `${at('method')}: entropy.method: needs a KL term to the policy that sampled`,
        `${at('dropout')}: lora.dropout: needs an adapter that takes it from the recipe, ${lacks}; ${way}`,
      ]) {
        expect(stderr).toContain(line)
      }
    }
    expect(readdirSync(tree.root)).not.toContain('refused')
    const without = isentrope('train', recipe({ backend: { kind: 'engine' } }), '--dry-run')
    expect(without.status).toBe(2)
    expect(without.stderr).toMatch(/backend\.url: is required\. Of (\w+ and )*engine\./)
    const weights = isentrope('train', recipe({ backend: engine }), '--dry-run')
    expect(weights.stderr).toContain('lora: needs training of all weights where it is absent')
    expect(weights.stderr).toContain('add a lora section, or set backend.kind: local')
  })

  it('trains, and resumes at another address, but not in another backend', () => {
    const clip = { entropy: { method: 'clip-v', muLow: 1 }, lora: { rank: 2 } }
    const run = train('engine', { backend: engine, ...clip })
    expect(configOf(run).backend).toEqual(engine)
    expect(metricsOf(run)).toHaveLength(2)
    const resume = (...set: string[]) =>
      isentrope('train', '--run', run, '--resume', ...['train.steps=3', ...set].flatMap((one) => ['--set', one]))
    const other = resume('backend={kind: local}')
    expect(other.status).toBe(2)
    expect(other.stderr).toContain('backend.kind: "engine" in the run, "local" now')
    const moved = resume('backend.url=http://127.0.0.1:2/')
    expect(moved.status, moved.stderr).toBe(0)
    expect(metricsOf(run)).toHaveLength(3)
  })

  it('leaves the config of a run that does not name one as it is', () => {
    const run = train('plain', {})
    expect(Object.keys(configOf(run))).not.toContain('backend')
    expect(Object.keys(configOf(run))).not.toContain('sampler')
  })
})

describe('a sampler that is a folder and a line in the list', () => {
  let child: ChildProcess
  let url: string
  beforeAll(async () => {
    child = spawn(process.execPath, ['server.mjs', model], { cwd: tree.root, stdio: ['ignore', 'pipe', 'inherit'] })
    const port = await new Promise<string>((resolve) =>
      child.stdout!.once('data', (data) => resolve(String(data).trim())),
    )
    url = `http://127.0.0.1:${port}/`
  })
  afterAll(() => child?.kill())

  it('gives the steps that the backend makes by itself', async () => {
    const own = metricsOf(train('own', { entropy: { method: 'clip-b', muLow: 1, muHigh: 1 } }))
    const run = train('beside', {
      entropy: { method: 'clip-b', muLow: 1, muHigh: 1 },
      sampler: { kind: 'server', url },
    })
    const beside = metricsOf(run)
    expect(beside).toHaveLength(2)
    for (const key of ['reward_mean', 'entropy_nats', 'masked_fraction', 'loss', 'grad_norm', 'pred_dH_kept']) {
      for (const [i, line] of beside.entries()) expect(line[key]).toBeCloseTo(own[i]![key]!, 4)
    }
    expect(Object.keys(beside[0]!)).not.toContain('edge_draws')
    const loads = await (await fetch(new URL('loads', url), { method: 'POST', body: '{}' })).json()
    expect(loads).toEqual([0, 1].map((step) => join(run, 'sampler', `step-${step}`)))
  })

  it('is in the plan, and refused for what it does not obey', () => {
    const sampler = { kind: 'server', url: 'http://127.0.0.1:1/' }
    const { stdout } = isentrope('train', recipe({ sampler }), '--dry-run')
    expect(stdout).toMatch(/^sampler +server: http:\/\/127\.0\.0\.1:1\/$/m)
    const refused = isentrope('train', recipe({ sampler, rollout: { minP: 0.1 } }), '--dry-run')
    expect(refused.status).toBe(2)
    expect(refused.stderr).toMatch(
      /recipe-\d+\.yaml:\d+:\d+: rollout\.minP: needs a least probability \(min-p\), which sampler\.kind server does not have; change this key, or set sampler\.kind: local/,
    )
  })

  it('that does not answer ends the run in plain words, with its last step saved', () => {
    const run = join(tree.root, 'dead')
    const path = recipe({ sampler: { kind: 'server', url: 'http://127.0.0.1:1/' } })
    const { status, stderr } = isentrope('train', path, '--run', run)
    expect(status).toBe(1)
    expect(stderr).not.toContain('    at ')
  })
})

it('both are in the documentation and the types of recipes', () => {
  expect(tree.run('scripts/docs.js')).toMatchObject({ status: 0, stderr: '' })
  tree.write('docs/config.md', isentrope('config', '--markdown').stdout)
  expect(tree.read('docs/config.md')).toMatch(/\| `sampler\.url` \| text.* \| required \| Of (\w+ and )*server\. /)
  const types = tree.run('node_modules/jiti/lib/jiti-cli.mjs', ['scripts/recipe-types.ts'])
  expect(types.status, types.stderr).toBe(0)
  expect(tree.read('src/recipe/input.ts')).toContain("kind: 'engine'")
})
