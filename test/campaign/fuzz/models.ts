/** The files of a model: weights, configuration, tokenizer, adapter, and chat template. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDirectoryConfig } from '../../../src/model/directory.js'
import { openAdapter } from '../../../src/model/lora/adapter-file.js'
import { openLocalModel } from '../../../src/model/open.js'
import { readTokenizerFiles } from '../../../src/model/tokenizer/files.js'
import { createTokenizer } from '../../../src/model/tokenizer/tokenizer.js'
import type { Tokenizer } from '../../../src/model/types.js'
import { writeTinyModel } from '../../training/tiny-model.js'
import type { MakeFormat } from './format.js'
import { type Choices, damageBytes, damageJson, damageText } from './mutate.js'

const models = 'test/fixtures/models'
const tokenizers = 'test/fixtures/tokenizers'
const files = (...paths: string[]) => paths.map((path) => readFileSync(path))
const texts = [
  '',
  'a',
  "I'm 12 ſ.\n\n  It's 2,345",
  'Ünï — 漢字 🙂\u0301\0',
  '<|im_start|>user\n<s></s>',
  ' '.repeat(50),
  'ab'.repeat(200),
]

/** Most of the damage goes to the header, where the structure is. */
const damageHeader = (lengthOf: (file: Buffer) => number) => (file: Buffer, choices: Choices) => {
  if (choices.below(5) === 0) return damageBytes(file, choices)
  const end = lengthOf(file)
  return Buffer.concat([damageBytes(file.subarray(0, end), choices), file.subarray(end)])
}

function readModel(path: string): void {
  const model = openLocalModel(path)
  try {
    for (const [name, { dtype, shape }] of model.tensors.tensors) {
      const bytes = shape.reduce((product, length) => product * length, dtype === 'F32' ? 4 : 2)
      model.tensors.readInto(name, new Uint8Array(bytes))
    }
  } finally {
    model.tensors.close()
  }
}

function useTokenizer(tokenizer: Tokenizer): void {
  for (const text of texts) tokenizer.decode(tokenizer.encode(text), { skipSpecial: text.length > 9 })
  tokenizer.decode([0, 1, 2, 3, 5, 8, 13, 21, 34, 55])
}

export const safetensors: MakeFormat = (directory) => {
  cpSync(join(models, 'llama/config.json'), join(directory, 'config.json'))
  return {
    seeds: files(join(models, 'llama/model.safetensors')),
    damage: damageHeader((file) => 8 + Number(file.readBigUInt64LE(0))),
    read(file) {
      writeFileSync(join(directory, 'model.safetensors'), file)
      readModel(directory)
    },
  }
}

export const gguf: MakeFormat = (directory) => ({
  seeds: files(...['llama', 'llama3', 'qwen2', 'qwen3'].map((name) => join(models, 'gguf', `${name}.gguf`))),
  damage: damageHeader((file) => Math.min(6000, file.length)),
  read(file) {
    const path = join(directory, 'model.gguf')
    writeFileSync(path, file)
    readModel(path)
    const model = openLocalModel(path)
    model.tensors.close()
    useTokenizer(model.tokenizer)
  },
})

export const tokenizer: MakeFormat = (directory) => {
  const config = readDirectoryConfig(join(models, 'llama'))
  return {
    seeds: files(...['llama3', 'qwen3', 'smollm'].map((name) => join(tokenizers, name, 'tokenizer.json'))),
    damage: damageJson,
    read(file) {
      writeFileSync(join(directory, 'tokenizer.json'), file)
      useTokenizer(createTokenizer(readTokenizerFiles(directory), config))
    },
  }
}

export const modelConfig: MakeFormat = (directory) => {
  const names = ['llama', 'llama-rope-yarn', 'llama-rope-llama3', 'qwen2', 'qwen3', 'internlm2', 'internlm3']
  const seeds = files(...names.map((name) => join(models, name, 'config.json')))
  const others = new Set<Buffer>(seeds.slice(1))
  cpSync(join(models, 'llama/model.safetensors'), join(directory, 'model.safetensors'))
  return {
    seeds,
    damage: damageJson,
    read(file) {
      writeFileSync(join(directory, 'config.json'), file)
      readDirectoryConfig(directory)
      // The weights go with the first alone.
      if (!others.has(file)) readModel(directory)
    },
  }
}

export const adapterConfig: MakeFormat = (directory) => {
  const from = 'test/fixtures/adapters'
  const model = readDirectoryConfig(join(models, 'llama'))
  cpSync(join(from, 'llama/adapter_model.safetensors'), join(directory, 'adapter_model.safetensors'))
  return {
    seeds: files(join(from, 'llama/adapter_config.json')),
    damage: damageJson,
    read(file) {
      writeFileSync(join(directory, 'adapter_config.json'), file)
      openAdapter(directory, model).tensors.close()
    },
  }
}

export const chatTemplate: MakeFormat = (directory) => {
  writeTinyModel(directory)
  const templates = [
    ...files(join(tokenizers, 'qwen3/chat_template.jinja')),
    ...['llama3', 'smollm'].map((name) =>
      Buffer.from(JSON.parse(readFileSync(join(tokenizers, name, 'tokenizer_config.json'), 'utf8')).chat_template),
    ),
  ]
  const turns = (...contents: string[]) =>
    contents.map((content, i) => ({ role: ['system', 'user', 'assistant'][i % 3]!, content }))
  return {
    seeds: templates,
    damage: damageText,
    read(file) {
      writeFileSync(join(directory, 'chat_template.jinja'), file)
      const config = readDirectoryConfig(directory)
      const { renderChat } = createTokenizer(readTokenizerFiles(directory), config)
      renderChat(turns('Be brief.', 'Hi', 'Hello!'))
      renderChat(turns('Be brief.', ' 2 + 2? \n'), { addGenerationPrompt: true })
    },
  }
}
