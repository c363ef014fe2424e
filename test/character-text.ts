/** For tests: a tokenizer of single characters, with a chat template that joins the messages. */
import type { TextModel } from '../src/model/types.js'

/** Id 0 ends a completion; id i is the i-th character, from 1. */
export function characterText(characters: string, maxPositionEmbeddings = 256): TextModel {
  const all = [...characters]
  const idOf = (character: string) => {
    const at = all.indexOf(character)
    if (at < 0) throw new Error(`no token for ${JSON.stringify(character)}`)
    return at + 1
  }
  return {
    config: { eosTokenIds: [0], maxPositionEmbeddings },
    tokenizer: {
      encode: (text) => [...text].map(idOf),
      decode: (ids) => Array.from(ids, (id) => (id === 0 ? '' : all[id - 1])).join(''),
      eosTokenIds: [0],
      chatTemplate: 'joined',
      renderChat: (messages) => messages.map(({ content }) => content).join(''),
    },
  }
}
