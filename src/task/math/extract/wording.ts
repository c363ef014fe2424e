/** What the words of a sentence say about the number or formula beside them. */

/** Words that take back what follows or precedes them. */
const negation =
  /\b(?:not|never|cannot|neither|nor|incorrect|wrong|impossible|false|invalid|fails?|isn't|aren't|wasn't|can't|won't|don't|doesn't|didn't|couldn't)\b|\b\w+n['\u2019]t\b/i

/** Words that leave open which value is meant. */
const vague = /\b(?:or|either|neither|maybe|perhaps|possibly|might|between)\b/i

/** `more than 5` and `the square root of 5` are not 5. */
const changing = new RegExp(
  `(?:${[
    String.raw`\b(?:more|less|fewer|greater|smaller|larger|bigger|higher|lower|longer|shorter|other|better|worse|older|younger) than`,
    String.raw`\b(?:exceeds?|exceeding|below|above|under|beyond|almost|nearly)`,
    String.raw`\b(?:(?:square|cube|fourth|nth) )?root of|\b(?:square|cube|reciprocal|inverse|negative|opposite|factorial|logarithm|log|multiple|power|divisor|factor|half|third|quarter|double|twice) of`,
    String.raw`\b(?:divided?|multipl(?:y|ied)|divisible) by|\b(?:plus|minus|times|over|mod|modulo)|\b(?:half|twice|double|triple)`,
    String.raw`\b(?:not|never) (?:equal )?to|\bbase|\bto the power(?: of)?|\b(?:sin|cos|tan|log|ln|sqrt)`,
  ].join('|')})\\s*[:$(]?\\s*$`,
  'i',
)

/** "In step 5" counts, it does not answer. */
const counting =
  /\b(?:step|case|part|equation|eq|problem|question|line|page|figure|method|lemma|theorem|corollary|proposition|claim|section|chapter|example|exercise|definition|appendix)s?\.?\s*\(?#?$/i

/** `5 squared`, `5 times as many`: what follows changes the number. */
const changed =
  /^\s*(?:squared|cubed|factorial|hal(?:f|ves)|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?|or (?:more|less|fewer|so)\b|to the\b|mod\b|modulo\b)/i

export const negates = (text: string): boolean => negation.test(text)
export const isVague = (text: string): boolean => vague.test(text)

/** "12 ways in each of the 3 cases": the number that was asked for is likely another one. */
export const isRepeated = (after: string): boolean =>
  /^[^.;,]{0,60}\b(?:in|for) each of (?:the|these|those)\b/i.test(after)

export const isCounting = (before: string): boolean => counting.test(before.slice(-40))

/** Whether the words beside a value say that the answer is another one. */
export function isChanged(before: string, after: string): boolean {
  return changing.test(before.slice(-60)) || changed.test(after.slice(0, 40))
}

/** Words that open a sentence and say nothing. */
export const opening =
  /^(?:(?:so|thus|hence|therefore|then|and|now|here|finally|consequently|accordingly|in conclusion|in total|altogether|overall|we see that|we (?:get|have|find|conclude)(?: that)?|it follows that|this (?:means|gives)(?: that)?)\b,?\s*)+/i

/** A sentence up to an aside that repeats the value roughly, gives its reason, or says what it is not. */
export function withoutAside(sentence: string, isAnswer = /[\d\ue000]/): string {
  const aside =
    /[,;]?\s{1,3}(?:which (?:is|equals) (?:about|approximately|approx\.?|roughly|around|nearly)|(?:or|i\.e\.,?|that is,?) (?:about|approximately|approx\.?|roughly|around)|as (?:desired|required|claimed|expected|wanted|needed|we wanted|was to be shown)|because|since|(?:so|and) we(?: are|'re) done)\b|,\s{1,3}not\s|\s{0,3}\((?:or |i\.e\.,? |which is )?(?:about|approximately|approx\.?|roughly|around|\u2248|~|\\approx)[^()]*\)?/i.exec(
      sentence,
    )
  return aside === null || !isAnswer.test(sentence.slice(0, aside.index)) ? sentence : sentence.slice(0, aside.index)
}

const remark = /\s\((?!mod\b)[^()]{0,200}?[A-Za-z]{2}[^()]{0,200}\)(?=[\s.!]{0,4}$)/

/** Whether a remark at the end takes a value back, or makes it depend on something: "12 (but 45 before)". */
export const isWithdrawn = (sentence: string): boolean =>
  /\b(?:if|but|actually)\b/i.test(remark.exec(sentence)?.[0] ?? '')

/**
 * A sentence up to a remark in parentheses at its end: "45 minutes (3/4 of an hour)" says 45. Not up to one that offers another
 * value, takes the first back, or belongs to it ("3 (mod 7)").
 */
export function withoutRemark(sentence: string): string {
  const match = remark.exec(sentence)
  if (match === null || /\bor\b/i.test(match[0]) || negates(match[0])) return sentence
  const rest = sentence.slice(0, match.index)
  return /[\d\ue000]/.test(rest) ? rest : sentence
}

const letter = String.raw`\(?\**([A-J])\**\)?`
const choiceSentence = new RegExp(
  String.raw`\b(?:option|choice|answer)s?(?:\s+(?:is|should be|must be))?\s*:?\s*(?:option |choice )?${letter}(?=[\s.,;:!*]|$)(?!\s*(?:and|or|,)\s*\(?[A-J]\b)|(?:^|\s)\(([A-J])\)\s+is\b|(?:^|\s)([B-J])\s+is\s+(?:the\s+)?(?:correct|right|answer)`,
)

/** The letter that a sentence chooses: "option B is correct", "(B) is correct". */
export function chosenLetter(sentence: string): string | undefined {
  const match = choiceSentence.exec(sentence)
  if (match === null || negates(sentence) || /\b[A-J]\)?\s*(?:and|or|,)\s*\(?[A-J]\b/.test(sentence)) return undefined
  return match[1] ?? match[2] ?? match[3]
}

/** "x = 1 or x = 2", "a = 3 and b = 4": not the last of them alone. */
export function severalValues(text: string): string | undefined {
  return /(?:^|[\s$(\ue000])([A-Za-z]\w{0,9}\s{0,9}=[^=]*(?:[,;]|\b(?:or|and)\b)[^=]*=.*)$/.exec(text)?.[1]
}

const units =
  'hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|feet|foot|ft|yards?|dollars?|pounds?|lbs?|kg|kilograms?|kilometers?|km|meters?|m'
const smaller =
  'minutes?|mins?|seconds?|secs?|hours?|days?|months?|weeks?|inch(?:es)?|in|feet|foot|cents?|ounces?|oz|grams?|g|centimeters?|cm|meters?|m'
const compoundPattern = new RegExp(
  String.raw`(\d[\d.,]{0,20}\s?(?:${units})(?:,?\s(?:and\s)?)\d[\d.,]{0,20}\s?(?:${smaller}))(?=[\s.,;!)]|$)(?!.*\d)`,
  'i',
)

/** "3 hours and 20 minutes" is one answer. */
export const compound = (text: string): string | undefined => compoundPattern.exec(text)?.[1]

/** What may stand between "is" and the number that is said. */
export const article = /^(?:an?|the|only|just|still|now|also|exactly|equal to)\s+(?=[-\d\\$(.])/i

const saying =
  /(?:\b(?:is|are|equals?|equal to|be|gets?|gives?|have|has|finds?|obtains?|yields?|leaves?|as|total of|remainder of|value of|answer)|[:=])\s{0,3}(?:exactly |only |just |therefore |thus |then |also |simply |now )?$/i

/** Whether the words before a formula say that it is a value that was looked for. */
export const saysValue = (before: string): boolean => saying.test(before.slice(-60))

const condition =
  /\b(?:for|for all|for every|for any|for each|when|whenever|if|where|with|since|because|as|given|provided|assuming|divided by|mod|modulo)(?: that)?\s{0,3}$/i

/** Whether the words before a formula make it a condition on what else is said. */
export const isCondition = (before: string): boolean => condition.test(before.slice(-60))

/** Whether the words before a row of formulas say that it is a list. */
export const announces = (before: string): boolean =>
  /(?:\b(?:are|be|values?|solutions?|roots?|answers?|namely|numbers?|pairs?|points?|either)\b[^.]{0,30}|:\s{0,3})$/i.test(
    before.slice(-60),
  )

/** Whether a number in words is said to be a value. */
export const saidNumber = (text: string): boolean =>
  /(?:\b(?:is|are|equals?|be|gives?|gets?|have|total of)\s{1,3}(?:exactly |only |just |therefore )?|,\s(?:for|so|making|giving|totaling)\s|=\s{0,3})\$?-?[\d.]/i.test(
    text,
  )

/** Whether the formula behind these words is one of several. */
export const offersAlternative = (before: string): boolean =>
  /\ue000[,;]?\s{0,3}(?:or|either|between)\s{0,3}$|\b(?:either|between)\s{0,3}$/i.test(before.slice(-60))

/** Whether what follows a formula makes it the subject that is explained: "$12$ is the largest". */
export const isPredicate = (after: string): boolean =>
  /^\s{0,3},?\s{0,3}(?:is|are|must be|will be)\s(?:therefore |thus |indeed )?(?:the|our|a|an|its|his|her|their)\b/i.test(
    after,
  )

/** A percent sign, or a word that multiplies, behind a number or a formula. */
export const scaleAfter = (after: string): string | undefined =>
  /^\s{0,2}(\\?%|percent\b|per cent\b|pct\b|million\b|billion\b|trillion\b|thousand\b|hundred\b|dozen\b)/i.exec(
    after,
  )?.[1]

/** What stands in front since the last comma: a negation before it is of something else. */
export const clauseBefore = (text: string): string => text.split(/[,;:]\s/).at(-1)!
