/** For tests: a tiny model that reads and writes characters, and a task that it can be rewarded on from the start. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const specials = ['<pad>', '<s>', '</s>']
// 61 characters after the three special tokens: the models have 64 ids.
const characters = [...'0123456789 ?+-*.,:=ABCDWabcdefghijklmnopqrstuvwxyzEFGHIJKLMNOPQ'].slice(0, 61)

/** Writes a Hugging Face directory: the weights of a fixture, with a tokenizer of single characters. */
export function writeTinyModel(directory: string, fixture = 'llama'): string {
  mkdirSync(directory, { recursive: true })
  const from = join('test/fixtures/models', fixture)
  cpSync(join(from, 'model.safetensors'), join(directory, 'model.safetensors'))
  const config = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8'))
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 256 }))
  const vocab = Object.fromEntries([...specials, ...characters].map((token, id) => [token, id]))
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '?',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges: [],
    },
  }
  writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify(tokenizer))
  const chat_template =
    '{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %} A: {% endif %}'
  writeFileSync(
    join(directory, 'tokenizer_config.json'),
    JSON.stringify({
      tokenizer_class: 'PreTrainedTokenizerFast',
      eos_token: '</s>',
      bos_token: '<s>',
      pad_token: '<pad>',
      chat_template,
    }),
  )
  return directory
}

/** A module whose reward is the share of a completion's characters that are small letters: random policies differ. */
export function writeLetterTask(path: string): string {
  writeFileSync(
    path,
    `const problems = (from, to) => Array.from({ length: to - from }, (_, i) => ({ id: 'p' + (from + i), prompt: 'What is ' + (from + i) + '?' }))
export default {
  name: 'letters',
  prompts: (rng, split) => (split === 'eval' ? problems(50, 54) : problems(0, 40)),
  grade: (text) => (text.length === 0 ? 0 : (text.match(/[a-z]/g) ?? []).length / text.length),
}
`,
  )
  return path
}

/** A directory for the tests of one file, which is removed after them, with the model and the task in it. */
export function tinySetUp(prefix: string): { root: string; model: string; task: string } {
  const root = mkdtempSync(join(tmpdir(), prefix))
  afterAll(() => rmSync(root, { recursive: true }))
  return { root, model: writeTinyModel(join(root, 'tiny')), task: writeLetterTask(join(root, 'letters.mjs')) }
}
