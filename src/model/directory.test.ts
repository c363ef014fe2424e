import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { openLocalModel } from './open.js'
import { openSafetensors } from './safetensors.js'
import { type TensorToWrite, writeSafetensors } from './safetensors-write.js'

const root = 'test/fixtures/models'
const scratch = mkdtempSync(join(tmpdir(), 'isentrope-directory-'))
const directory = join(scratch, 'model')
afterAll(() => rmSync(scratch, { recursive: true }))
beforeEach(() => rmSync(directory, { recursive: true, force: true }))

const use = (name: string): void => cpSync(join(root, name), directory, { recursive: true })

/** Rewrites a weight file with its tensors changed. */
function rewrite(file: string, change: (tensors: TensorToWrite[]) => TensorToWrite[]): void {
  const path = join(directory, file)
  const open = openSafetensors(path)
  const tensors = [...open.tensors].map(([name, { dtype, shape, bytes }]) => {
    const content = new Uint8Array(bytes)
    open.readInto(name, content)
    return { name, dtype, shape, bytes: content }
  })
  open.close()
  writeSafetensors(path, change(tensors))
}

function refusal(): UserError {
  try {
    openLocalModel(directory).tensors.close()
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return error as UserError
  }
  throw new Error('the directory was opened')
}

const edit = (file: string, change: (value: Record<string, unknown>) => void): void => {
  const value = JSON.parse(readFileSync(join(directory, file), 'utf8'))
  change(value)
  writeFileSync(join(directory, file), JSON.stringify(value))
}

describe('a model directory is refused, with file and tensor named,', () => {
  it('where there is none, or no configuration', () => {
    expect(refusal().message).toBe(`${directory} does not exist`)
    mkdirSync(directory)
    expect(refusal().message).toMatch(/is not a model directory: it has no config.json/)
    expect(refusal().hint).toBeUndefined()
    // A run, then a checkpoint: the newest model within, an adapter too.
    const checkpoint = (step: number) => join(directory, `checkpoints/step-00000${step}/model`)
    for (const [step, file] of [
      [2, 'adapter_config.json'],
      [1, 'config.json'],
    ] as const) {
      mkdirSync(checkpoint(step), { recursive: true })
      writeFileSync(join(checkpoint(step), file), '{}')
    }
    expect(refusal().hint).toBe(`name the model in it: ${checkpoint(2)}`)
    mkdirSync(join(directory, 'model'))
    writeFileSync(join(directory, 'model/config.json'), '{}')
    expect(refusal().hint).toBe(`name the model in it: ${join(directory, 'model')}`)
    writeFileSync(join(directory, 'x.Q8_0.gguf'), '')
    expect(refusal().hint).toBe(`name the GGUF file in it: ${join(directory, 'x.Q8_0.gguf')}`)
    writeFileSync(join(directory, 'config.json'), '{"model_type":')
    expect(refusal().message).toMatch(/config.json is not valid JSON/)
  })

  it('where weights are missing or pickled', () => {
    use('llama')
    rmSync(join(directory, 'model.safetensors'))
    expect(refusal().message).toMatch(/has neither model.safetensors nor model.safetensors.index.json/)
    writeFileSync(join(directory, 'pytorch_model.bin'), '')
    expect(refusal().hint).toMatch(/pytorch_model.bin is a pickled checkpoint/)
  })

  it('where a tensor is missing, unknown, misshapen or of a dtype that is not read', () => {
    const file = 'model.safetensors'
    use('llama')
    rewrite(file, (tensors) => tensors.filter(({ name }) => name !== 'model.norm.weight'))
    expect(refusal().message).toMatch(/lacks the tensor model.norm.weight/)
    use('llama')
    rewrite(file, (tensors) => [...tensors, { ...tensors[0], name: 'model.extra' }])
    expect(refusal().message).toMatch(/model.safetensors holds the tensor model.extra/)
    use('llama')
    rewrite(file, (tensors) =>
      tensors.map((tensor) => (tensor.name === 'lm_head.weight' ? { ...tensor, shape: [16, 64] } : tensor)),
    )
    expect(refusal().message).toMatch(
      /tensor lm_head.weight has the shape \[16,64\], but the config.json gives \[64,16\]/,
    )
    use('llama')
    rewrite(file, (tensors) =>
      tensors.map((tensor) => (tensor.name === 'lm_head.weight' ? { ...tensor, dtype: 'I32' } : tensor)),
    )
    expect(refusal().message).toMatch(/tensor lm_head.weight has the dtype I32/)
  })

  it('where a huge model is claimed over small weights', () => {
    use('llama')
    edit('config.json', (config) => {
      config.vocab_size = 16_000_000
      config.hidden_size = 1_000_000
    })
    expect(refusal().message).toMatch(/has the shape \[64,16\], but the config.json gives \[16000000,1000000\]/)
  })

  it('where the index leads astray', () => {
    const index = 'model.safetensors.index.json'
    const place = (shard: string) => {
      use('llama-sharded-bf16')
      edit(index, ({ weight_map }) => {
        ;(weight_map as Record<string, string>)['model.norm.weight'] = shard
      })
    }
    place('../elsewhere.safetensors')
    expect(refusal().message).toMatch(/places the tensor model.norm.weight in "..\/elsewhere.safetensors"/)
    place('model-00003-of-00002.safetensors')
    expect(refusal().message).toMatch(/model-00003-of-00002.safetensors does not exist/)
    use('llama-sharded-bf16')
    const { weight_map } = JSON.parse(readFileSync(join(directory, index), 'utf8'))
    const shards = [...new Set(Object.values(weight_map))] as string[]
    place(shards.find((shard) => shard !== weight_map['model.norm.weight'])!)
    expect(refusal().message).toMatch(/lacks the tensor model.norm.weight, which .*index.json places there/)
    use('llama-sharded-bf16')
    edit(index, (value) => {
      value.weight_map = []
    })
    expect(refusal().message).toMatch(/has no weight_map/)
  })
})

describe('a model directory', () => {
  it('may hold old rotary buffers, and a stored copy of a tied head', () => {
    use('llama-tied-biases')
    rewrite('model.safetensors', (tensors) => [
      ...tensors,
      { ...tensors.find(({ name }) => name === 'model.embed_tokens.weight')!, name: 'lm_head.weight' },
      { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', dtype: 'F32', shape: [1], bytes: new Uint8Array(4) },
    ])
    const model = openLocalModel(directory)
    expect(model.tensors.tensors.has('lm_head.weight')).toBe(false)
    model.tensors.close()
    // transformers uses a stored head that differs, whatever the config says.
    rewrite('model.safetensors', (tensors) =>
      tensors.map((tensor) =>
        tensor.name === 'lm_head.weight'
          ? { ...tensor, bytes: Uint8Array.from(tensor.bytes as Uint8Array, (byte) => byte ^ 1) }
          : tensor,
      ),
    )
    expect(refusal().message).toMatch(/says tie_word_embeddings, but the stored lm_head.weight differs from model.emb/)
  })

  it('without a tokenizer opens, and says so where the tokenizer is asked for', () => {
    use('llama')
    const model = openLocalModel(directory)
    expect(() => model.tokenizer).toThrow(/has no tokenizer: neither tokenizer.json nor tokenizer.model/)
    expect(() => openLocalModel(join(directory, 'config.json'))).toThrow(/neither a model directory nor a .gguf file/)
    writeFileSync(join(directory, 'tokenizer.json'), '{}')
    expect(() => model.tokenizer).toThrow(/tokenizer.json describes no tokenizer that can be built/)
    model.tensors.close()
  })

  it('carries its small files as sidecars, without configuration and weights', () => {
    use('llama-sharded-bf16')
    writeFileSync(join(directory, 'LICENSE'), 'free')
    writeFileSync(join(directory, 'tokenizer.model'), Buffer.from([0xff, 0]))
    const model = openLocalModel(directory)
    expect([...model.sidecars.keys()]).toEqual(['LICENSE', 'generation_config.json', 'golden.json', 'tokenizer.model'])
    expect(model.sidecars.get('LICENSE')).toBe('free')
    expect(model.sidecars.get('tokenizer.model')).toEqual(Buffer.from([0xff, 0]))
    model.tensors.close()
  })
})
