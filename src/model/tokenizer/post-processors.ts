/** What a tokenizer.json puts around a text's ids. */
import { shown } from '../../base/shown.js'
import { asText, isObject } from '../json.js'
import { Unsupported } from './oniguruma.js'

export interface Around {
  before: number[]
  behind: number[]
}

const deepest = 16

/** @throws Unsupported for a post-processor that is not computed as the library does */
export function createPostProcessor(value: unknown, depth = 0): Around {
  if (value == null) return { before: [], behind: [] }
  if (!isObject(value)) throw new Unsupported('its form')
  if (depth > deepest) throw new Unsupported(`nesting deeper than ${deepest}`)
  switch (value.type) {
    case 'ByteLevel':
      return { before: [], behind: [] }
    case 'Sequence': {
      if (!Array.isArray(value.processors)) throw new Unsupported('a sequence without a list')
      const parts = value.processors.map((each) => createPostProcessor(each, depth + 1))
      // The library takes what one of them adds for a second text when it comes to the next.
      const adding = parts.filter(({ before, behind }) => before.length + behind.length > 0)
      if (adding.length > 1) throw new Unsupported('more than one part that adds tokens')
      return adding[0] ?? { before: [], behind: [] }
    }
    case 'TemplateProcessing':
      return template(value.single, value.special_tokens)
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [idOf(value.cls)], behind: [idOf(value.sep)] }
    default:
      throw new Unsupported(`the type ${shown(value.type)}`)
  }
}

/** The id of a pair of token and id. */
function idOf(value: unknown): number {
  const id = Array.isArray(value) ? value[1] : undefined
  if (!Number.isSafeInteger(id)) throw new Unsupported(`${shown(value)} in place of a token`)
  return id
}

function template(single: unknown, specialTokens: unknown): Around {
  const around: Around = { before: [], behind: [] }
  if (!Array.isArray(single)) throw new Unsupported('a template without pieces')
  let side: number[] | undefined = around.before
  for (const piece of single) {
    if (!isObject(piece)) throw new Unsupported(`the piece ${shown(piece)}`)
    if (isObject(piece.Sequence) && piece.Sequence.id === 'A' && side === around.before) side = around.behind
    else if (isObject(piece.SpecialToken)) side.push(...idsOf(piece.SpecialToken.id, specialTokens))
    else throw new Unsupported(`the piece ${shown(piece)}`)
  }
  if (side === around.before) throw new Unsupported('a template without the text')
  return around
}

function idsOf(name: unknown, specialTokens: unknown): number[] {
  const token = isObject(specialTokens) ? specialTokens[asText(name)] : undefined
  const ids = isObject(token) ? token.ids : undefined
  if (!Array.isArray(ids) || !ids.every(Number.isSafeInteger)) {
    throw new Unsupported(`the special token ${shown(name)}`)
  }
  return ids
}
