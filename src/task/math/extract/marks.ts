/** What a tokenizer, a template or a person leaves around an answer: marks of a turn's end, emphasis, farewells. */

const endMark =
  /(?:<[|\uff5c][^<>\s]{1,40}[|\uff5c]>|<\/?(?:s|eos|bos|pad|unk|end_of_turn|start_of_turn|eot|sep)>|\[(?:EOS|PAD|SEP|end of text)\])$/i

/** Without the end marks of a turn; linear, however many there are. */
export function withoutEndMarks(text: string): string {
  let rest = text.trimEnd()
  for (;;) {
    const mark = endMark.exec(rest.slice(-48))
    if (mark === null) return rest
    rest = rest.slice(0, rest.length - mark[0].length).trimEnd()
  }
}

/** Takes away Markdown's and HTML's emphasis. `2**10` and `a*b*c` are products and powers. */
export function withoutEmphasis(text: string): string {
  return text
    .replace(/~~[^~\n]{1,200}~~/g, '')
    .replace(/<\/?(?:b|i|u|em|strong|code|p|span|mark)>|<br\s?\/?>/gi, ' ')
    .replace(/(?<![\w)\]}])\*{2,3}|\*{2,3}(?![\w(\\])/g, '')
    .replace(/(?<![\w_])__(?=\S)|(?<=\S)__(?![\w_])/g, '')
    .replace(/(?<![\w)\]}*\\])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w(*])/g, '$1')
    .replace(/(?<![\w\\}])_([A-Za-z0-9.,$ -]+)_(?![\w{])/g, '$1')
    .replace(/`{1,3}/g, '')
}

const farewell =
  /^[\s*_]*(?:I hope|hope (?:this|that)|let me know|please (?:let|feel|note)|feel free|if you (?:have|need|want)|thank|good luck|done|q\.?e\.?d|(?:and )?(?:so |now )?we(?: are|'re) done|this completes|(?:we |one )?(?:can |may )?(?:check|verify|verified|checking)|this (?:\w+ )?(?:works|checks|is correct|satisfies)|\((?:since|note|here|because|this|the|we)\b|as (?:desired|required|claimed)|[\u220e\u25a0\u25a1\u2713\u2705\u{1f389}\u{1f60a}])/iu

/** Whether a sentence says goodbye, or that a proof ends, and no answer. */
export const isFarewell = (sentence: string): boolean => farewell.test(sentence) && !/\d/.test(sentence)
