/** Sentencepiece's `tokenizer.model` (a protocol buffer) as the `tokenizer.json` that cuts text the same way. */

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { UserError } from '../../base/errors.js'
import { readBytes } from '../file.js'
import type { JsonObject } from '../json.js'
import {
  pieceTypes,
  type SentencePieceVocabulary,
  sentencePieceBpeJson,
  sentencePieceUnigramJson,
} from './build-json.js'

/** Field numbers of sentencepiece_model.proto. */
const model = { pieces: 1, trainerSpec: 2, normalizerSpec: 3 }
const piece = { text: 1, score: 2, type: 3 }
const trainer = { modelType: 3, byteFallback: 35, unknownId: 40 }
const normalizer = { charsmap: 2, addDummyPrefix: 3, removeExtraWhitespaces: 4, escapeWhitespaces: 5 }

const modelTypes: Record<number, string> = { 1: 'unigram', 2: 'bpe', 3: 'word', 4: 'char' }

/** @throws UserError where the file is no sentencepiece model, or of a kind that is not read */
export function readSentencePiece(path: string): JsonObject {
  const parsed = parse(path)
  const { type, vocabulary } = parsed
  if (type === 2) return sentencePieceBpeJson(vocabulary)
  if (type === 1 && vocabulary.byteFallback) {
    throw new UserError(`${path}: a sentencepiece unigram model with byte fallback is not read`)
  }
  if (type === 1) return sentencePieceUnigramJson(vocabulary)
  throw new UserError(`${path}: a sentencepiece model of type ${modelTypes[type] ?? type} is not read`)
}

function parse(path: string): { type: number; vocabulary: SentencePieceVocabulary } {
  const tokens: string[] = []
  const scores: number[] = []
  const types: number[] = []
  let type = 1
  let escapeWhitespaces = true
  // The defaults of the format.
  const rest = { addDummyPrefix: true, removeExtraWhitespaces: true, byteFallback: false, unknownId: 0 }
  let precompiledCharsmap: string | undefined
  try {
    eachField(new BinaryReader(readBytes(path)), (field, reader) => {
      if (field === model.pieces) {
        const read = { text: '', score: 0, type: pieceTypes.normal as number }
        eachField(new BinaryReader(reader.bytes()), (inner, fields) => {
          if (inner === piece.text) read.text = fields.string()
          else if (inner === piece.score) read.score = fields.float()
          else if (inner === piece.type) read.type = fields.int32()
          else return false
          return true
        })
        tokens.push(read.text)
        scores.push(read.score)
        types.push(read.type)
      } else if (field === model.trainerSpec) {
        eachField(new BinaryReader(reader.bytes()), (inner, fields) => {
          if (inner === trainer.modelType) type = fields.int32()
          else if (inner === trainer.byteFallback) rest.byteFallback = fields.bool()
          else if (inner === trainer.unknownId) rest.unknownId = fields.int32()
          else return false
          return true
        })
      } else if (field === model.normalizerSpec) {
        eachField(new BinaryReader(reader.bytes()), (inner, fields) => {
          if (inner === normalizer.charsmap) {
            const bytes = fields.bytes()
            if (bytes.length > 0) precompiledCharsmap = Buffer.from(bytes).toString('base64')
          } else if (inner === normalizer.addDummyPrefix) rest.addDummyPrefix = fields.bool()
          else if (inner === normalizer.removeExtraWhitespaces) rest.removeExtraWhitespaces = fields.bool()
          else if (inner === normalizer.escapeWhitespaces) escapeWhitespaces = fields.bool()
          else return false
          return true
        })
      } else return false
      return true
    })
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${path} is not a sentencepiece model: ${(cause as Error).message}`, { cause })
  }
  if (tokens.length === 0 || tokens[rest.unknownId] === undefined) {
    throw new UserError(`${path} is not a sentencepiece model: it has no pieces`)
  }
  if (!escapeWhitespaces) throw new UserError(`${path}: a sentencepiece model that keeps spaces is not read`)
  return { type, vocabulary: { tokens, scores, types, ...rest, precompiledCharsmap } }
}

/** Calls `take` for every field; one that it does not take (returns false) is skipped. */
function eachField(reader: BinaryReader, take: (field: number, reader: BinaryReader) => boolean): void {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (wireType === WireType.EndGroup || !take(field, reader)) reader.skip(wireType, field)
  }
}
