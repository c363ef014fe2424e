/**
 * `tokenizer.json` for tokenizers that are described in another way: a sentencepiece model or a GGUF file's metadata.
 * One format serves twice: the library builds the tokenizer from it, and a saved model carries it along.
 */

import type { JsonObject } from '../json.js'
import { charsmapType } from './normalizers.js'

/** What a piece of a vocabulary is; GGUF and sentencepiece number them alike. */
export const pieceTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

export interface Vocabulary {
  /** Token texts by id. */
  tokens: readonly string[]
  /** `pieceTypes` by id; all normal where absent. */
  types?: readonly number[]
}

export interface SentencePieceVocabulary extends Vocabulary {
  /** Log-probabilities (unigram) or merge priorities (BPE), higher first. */
  scores: readonly number[]
  /** A space is put before the text. */
  addDummyPrefix: boolean
  /** Runs of spaces become one, spaces at both ends go. */
  removeExtraWhitespaces: boolean
  /** The compiled normalization rules, base64; absent for identity. */
  precompiledCharsmap?: string
  byteFallback: boolean
  unknownId: number
}

/** A byte-level BPE tokenizer (GPT-2's family) with its pre-tokenizer. */
export function byteLevelJson(
  vocabulary: Vocabulary,
  merges: readonly [string, string][],
  preTokenizer: JsonObject,
  options: { normalizer?: JsonObject; ignoreMerges?: boolean } = {},
): JsonObject {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary),
    normalizer: options.normalizer ?? null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: bpeModel(vocabulary, merges, { ignore_merges: options.ignoreMerges ?? false }),
  }
}

/** Sentencepiece's BPE: merges follow from the pieces' scores. */
export function sentencePieceBpeJson(vocabulary: SentencePieceVocabulary): JsonObject {
  return sentencePieceJson(
    vocabulary,
    bpeModel(vocabulary, mergesFromScores(vocabulary), {
      unk_token: vocabulary.tokens[vocabulary.unknownId],
      fuse_unk: true,
      byte_fallback: vocabulary.byteFallback,
    }),
  )
}

/** Sentencepiece's unigram model. */
export function sentencePieceUnigramJson(vocabulary: SentencePieceVocabulary): JsonObject {
  const { tokens, scores, unknownId: unk_id } = vocabulary
  const vocab = tokens.map((token, id) => [token, scores[id]])
  return sentencePieceJson(vocabulary, { type: 'Unigram', unk_id, vocab, byte_fallback: false })
}

function sentencePieceJson(vocabulary: SentencePieceVocabulary, model: JsonObject): JsonObject {
  const { addDummyPrefix, removeExtraWhitespaces, precompiledCharsmap } = vocabulary
  const normalizers: JsonObject[] = []
  if (precompiledCharsmap) normalizers.push({ type: charsmapType, precompiled_charsmap: precompiledCharsmap })
  if (removeExtraWhitespaces) {
    // Only spaces; a Strip would take line ends too.
    normalizers.push({ type: 'Replace', pattern: { Regex: '\\A +| +\\z' }, content: '' })
    normalizers.push({ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' })
  }
  if (addDummyPrefix) normalizers.push({ type: 'Prepend', prepend: '▁' })
  normalizers.push({ type: 'Replace', pattern: { String: ' ' }, content: '▁' })
  const decoders: JsonObject[] = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ]
  if (addDummyPrefix || removeExtraWhitespaces) {
    // One space was put there; where runs of spaces are removed, sentencepiece drops all that lead.
    decoders.push({ type: 'Strip', content: ' ', start: removeExtraWhitespaces ? 1024 : 1, stop: 0 })
  }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary),
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Sequence', decoders },
    model,
  }
}

function bpeModel(vocabulary: Vocabulary, merges: readonly [string, string][], fields: JsonObject): JsonObject {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ...fields,
    vocab: Object.fromEntries(vocabulary.tokens.map((token, id) => [token, id])),
    merges,
  }
}

/** Control pieces are special; user-defined ones are matched whole in text but are not special. */
function addedTokens({ tokens, types }: Vocabulary): JsonObject[] {
  return tokens.flatMap((content, id) => {
    const type = types?.[id]
    const special = type === pieceTypes.control || type === pieceTypes.unknown
    if (!special && type !== pieceTypes.userDefined) return []
    return [addedToken(id, content, special)]
  })
}

export function addedToken(id: number, content: string, special: boolean): JsonObject {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }
}

/** Every way to cut a piece into two other pieces, the pieces in the order of their scores. */
function mergesFromScores({ tokens, types, scores }: SentencePieceVocabulary): [string, string][] {
  const idOf = new Map<string, number>()
  tokens.forEach((token, id) => {
    const type = types?.[id] ?? pieceTypes.normal
    if (type === pieceTypes.normal || type === pieceTypes.unused) idOf.set(token, id)
  })
  const byScore = [...idOf].sort(([, a], [, b]) => scores[b] - scores[a] || a - b)
  return byScore.flatMap(([token]) => {
    const cuts: [string, string][] = []
    let at = 0
    for (const character of token) {
      at += character.length
      const [left, right] = [token.slice(0, at), token.slice(at)]
      if (idOf.has(left) && idOf.has(right)) cuts.push([left, right])
    }
    return cuts.sort((a, b) => idOf.get(a[0])! - idOf.get(b[0])! || idOf.get(a[1])! - idOf.get(b[1])!)
  })
}

/** Puts the begin and end tokens around a text, where given. */
export function templateProcessing(
  begin: { token: string; id: number } | undefined,
  end: { token: string; id: number } | undefined,
): JsonObject {
  const piece = (token: string, type_id: number): JsonObject => ({ SpecialToken: { id: token, type_id } })
  const around = (name: string, type_id: number): JsonObject[] => [
    ...(begin ? [piece(begin.token, type_id)] : []),
    { Sequence: { id: name, type_id } },
    ...(end ? [piece(end.token, type_id)] : []),
  ]
  const used = [begin, end].filter((each) => each !== undefined)
  return {
    type: 'TemplateProcessing',
    single: around('A', 0),
    pair: [...around('A', 0), ...around('B', 1)],
    special_tokens: Object.fromEntries(used.map(({ token, id }) => [token, { id: token, ids: [id], tokens: [token] }])),
  }
}
