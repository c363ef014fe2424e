/** One spelling for what LaTeX, Unicode and plain text write in many, before an answer is cut into tokens. */
import { withoutMarks } from './trim.js'

const unicode: Readonly<Record<string, string>> = {
  '\u2212': '-',
  '\u2013': '-',
  '\u2012': '-',
  '\u2010': '-',
  '\u2011': '-',
  '\ufe63': '-',
  '\u00d7': '\\times ',
  '\u22c5': '\\cdot ',
  '\u00b7': '\\cdot ',
  '\u2217': '*',
  '\u00f7': '\\div ',
  '\u2215': '/',
  '\u2044': '/',
  '\u03c0': '\\pi ',
  '\u221e': '\\infty ',
  '\u221a': '\\sqrt ',
  '\u221b': '\\sqrt[3] ',
  '\u221c': '\\sqrt[4] ',
  '\u222a': '\\cup ',
  '\u2229': '\\cap ',
  '\u2208': '\\in ',
  '\u2236': ':',
  '\u2223': '|',
  '\u2216': '\\setminus ',
  '\u2209': '\\notin ',
  '\u2227': '\\land ',
  '\u2228': '\\lor ',
  '\u2243': '\\approx ',
  '\u2261': '\\equiv ',
  '\u2192': '\\to ',
  '\u21a6': '\\mapsto ',
  '\u21d2': '\\Rightarrow ',
  '\u2234': '\\therefore ',
  '\u2266': '\\le ',
  '\u2267': '\\ge ',
  '\u2a7d': '\\le ',
  '\u2a7e': '\\ge ',
  '\u2103': '^\\circ \\text{C} ',
  '\u2109': '^\\circ \\text{F} ',
  '\u03d5': '\\phi ',
  '\u03f5': '\\epsilon ',
  '\u2033': "''",
  '\u201c': '"',
  '\u201d': '"',
  '\u2018': "'",
  '\u00a5': '\\text{yen} ',
  '\u20b9': '\\text{rupees} ',
  '\u2264': '\\le ',
  '\u2265': '\\ge ',
  '\u2260': '\\ne ',
  '\u2248': '\\approx ',
  '\u00b1': '\\pm ',
  '\u2213': '\\mp ',
  '\u00b0': '^\\circ ',
  '\u00ba': '^\\circ ',
  '\u2205': '\\emptyset ',
  '\u2220': '\\angle ',
  '\u211d': '\\mathbb{R}',
  '\u2124': '\\mathbb{Z}',
  '\u211a': '\\mathbb{Q}',
  '\u2115': '\\mathbb{N}',
  '\u2102': '\\mathbb{C}',
  '\u27e8': '\\langle ',
  '\u27e9': '\\rangle ',
  '\u230a': '\\lfloor ',
  '\u230b': '\\rfloor ',
  '\u2308': '\\lceil ',
  '\u2309': '\\rceil ',
  '\u2032': "'",
  '\u2019': "'",
  '\u20ac': '\\text{euros} ',
  '\u00a3': '\\text{pounds} ',
  '\u00a2': '\\text{cents} ',
  '\u2026': '\\dots ',
}

const greek = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron'.split(' ')
const laterGreek = 'rho sigmaf sigma tau upsilon phi chi psi omega'.split(' ')
const superscripts = '\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'
const subscripts = '\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089'
const vulgar: Readonly<Record<string, string>> = {
  '\u00bd': '1/2',
  '\u00bc': '1/4',
  '\u00be': '3/4',
  '\u2153': '1/3',
  '\u2154': '2/3',
  '\u2155': '1/5',
  '\u2156': '2/5',
  '\u2157': '3/5',
  '\u2158': '4/5',
  '\u2159': '1/6',
  '\u215a': '5/6',
  '\u215b': '1/8',
  '\u215c': '3/8',
  '\u215d': '5/8',
  '\u215e': '7/8',
}

function replaceCharacter(character: string): string {
  const known = unicode[character]
  if (known !== undefined) return known
  const fraction = vulgar[character]
  if (fraction !== undefined) return `\\frac{${fraction.replace('/', '}{')}}`
  const code = character.charCodeAt(0)
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0)
  if (code >= 0x3b1 && code <= 0x3bf) return `\\${greek[code - 0x3b1]} `
  if (code >= 0x3c1 && code <= 0x3c9) return `\\${laterGreek[code - 0x3c1]} `
  // Letters and digits that are styled, and units in one character.
  const plain = character.normalize('NFKC')
  return plain !== character && /^[\p{ASCII}\u0391-\u03c9]{1,4}$/u.test(plain) ? fromUnicode(plain) : character
}

/** A run of superscript or subscript digits as a group. */
const script = (mark: string, digits: string) => (run: string) =>
  `${mark}{${[...run].map((each) => (each === '\u207b' ? '-' : digits.indexOf(each))).join('')}}`

/** Rewrites Unicode as LaTeX; leaves ASCII as it is. */
export function fromUnicode(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is what needs no work.
  if (/^[\x00-\x7f]*$/.test(text)) return text
  return text
    .replace(/[\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u2069]/g, '')
    .replace(/[\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]/g, ' ')
    .replace(/[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b]+/g, script('^', superscripts))
    .replace(/[\u2080-\u2089]+/g, script('_', subscripts))
    .replace(/[^\p{ASCII}]/gu, replaceCharacter)
}

const styles =
  'displaystyle textstyle scriptstyle scriptscriptstyle tiny scriptsize footnotesize small normalsize large Large'
const layout = `q?quad|thinspace|${styles.replaceAll(' ', '|')}|LARGE|huge|Huge|n?o?limits|hfill`
const layoutCommand = new RegExp(String.raw`\\(?:[ ,;:!>]|(?:${layout})(?![A-Za-z]))`, 'g')

/** Takes away what only sets the type: delimiters' sizes, spaces, styles, colours, the marks of math mode. */
export function withoutLayout(text: string): string {
  // A matrix's row break is two backslashes, of which the second must not be read with what follows.
  return fromUnicode(text)
    .replace(/\\cr(?![A-Za-z])/g, '\\\\')
    .split('\\\\')
    .map((row, i) => (i === 0 ? row : row.replace(/^\s*\[-?[\d.]+(?:pt|em|ex|mm|cm)\]/, '')))
    .map((row) =>
      row
        .replace(/\\(?:text)?color\s*\{[^{}]*\}|\\[hv]space\*?\s*\{[^{}]*\}|\\[hv]?phantom\s*\{[^{}]*\}/g, ' ')
        .replace(/\\(?:begin|end)\s*\{(?:align(?:ed)?|gather(?:ed)?|split|equation)\*?\}/g, ' ')
        .replace(closedGroup, '{,}')
        .replace(openGroup, '$1')
        .replace(layoutCommand, ' ')
        .replace(/\\(?:left|right)\s*\./g, ' ')
        .replace(/\\(?:left|right|middle|[bB]igg?[lrm]?)(?![A-Za-z])/g, '')
        .replace(/\\[()[\]]|(?<!\\)\$|~/g, ' '),
    )
    .join('\\\\')
    .trim()
}

/** Digits grouped in threes stay one number: 1,\!234 says so, 1\,234 and 1,\ 234 may be two numbers for who lists them. */
const closedGroup = /(?<=\d)(?:,|\{,\}|\\text\s?\{,\})\s{0,2}(?:\\!\s{0,2}){1,2}(?=\d{3}(?!\d))/g
const openGroup = /(?<=\d)(,|\{,\})?\s{0,2}(?:\\[,:;!]|(?<=[,}]\s{0,2})(?:\\ |~))\s{0,2}(?=\d{3}(?!\d))/g

/** A number in groups of three that spaces part, 1 234 567, but not the mixed number 3 125/1000. */
const spacedNumber = /(?<![\d.,/^_\\]\s{0,2})[1-9]\d{0,2}(?:\s\d{3})+(?!\d|,\d|\s*[/\d])/g

/** Repeating digits, 0.1\overline{6}, as the fraction that they are: (16 - 1) / 90. */
const repeating = /(\d{0,60})\.(\d{0,60})\\(?:overline|bar|dot)\s*\{?(\d{1,60})(?!\d)\}?/g

function repeatedFraction(_: string, whole: string, fixed: string, repeated: string): string {
  const over = BigInt(`${whole}${fixed}${repeated}`) - BigInt(`${whole}${fixed}` || '0')
  const under = BigInt(`${'9'.repeat(repeated.length)}${'0'.repeat(fixed.length)}`)
  return `{\\frac{${over}}{${under}}}`
}

/** Spellings of one thing, each as the one that the parser knows. */
export function withOneSpelling(text: string): string {
  return text
    .replace(/\{\s*([-+*/:=]|\\(?:pm|mp|times|cdot|%))\s*\}/g, '$1')
    .replace(/(?<=\d)\\text\s?\{,\}(?=\d{3}(?!\d))/g, ',')
    .replace(
      /(?<![\d.'_])(\d{1,3})((?:'\d{3})+|(?:_\d{3})+)(?![\d'])/g,
      (_, first: string, rest: string) => first + rest.replace(/['_]/g, ''),
    )
    .replace(/(?<![\d.])(\d{1,3})\.\((\d{1,20})\)(?!\d)/g, '$1.\\overline{$2}')
    .replace(/(?<=\d)\{\.\}(?=\d)/g, '.')
    .replace(repeating, repeatedFraction)
    .replace(spacedNumber, (number) => number.replace(/\s/g, ''))
    .replace(/(?<=\d\s{0,2})[xX](?=\s{0,2}10\s{0,2}\^)|(?<=\d\s)x(?=\s\d)/g, '\\times ')
    .replace(/\^\s*\{?\s*\\(?:text|mathrm)\s*\{\s*o\s*\}\s*\}?/g, '^\\circ ')
    .replace(/\\root\s*\{?\s*(\d{1,3})\s*\}?\s*\\of(?![A-Za-z])/g, '\\sqrt[$1]')
    .replace(/\+\s?\/\s?-/g, '\\pm ')
    .replace(/\\not\s?=/g, '\\ne ')
    .replace(/\\not\s?\\in(?![A-Za-z])/g, '\\notin ')
    .replace(/:=/g, '=')
    .replace(/\\mathbb\s?([RQZNC])(?![A-Za-z])/g, '\\mathbb{$1}')
    .replace(/(?<![\\A-Za-z])log(2|10)\s?(?=\()/g, '\\log_{$1}')
    .replace(/(?<![\w)}\]^\\])(?:\{\})?\^\s?\{?(\d{1,6})\}?\s{0,3}\/\s{0,3}_\s?\{?(\d{1,6})\}?/g, '\\frac{$1}{$2}')
    .replace(/(?<=[)\]}]\s{0,3})(?:\\text\s*\{\s*U\s*\}|U)(?=\s*(?:[([]|\\\{))/g, '\\cup ')
    .replace(/(?<![\w)}\]\\])(?:\{\})?[_^]\s*\{?(\d{1,4})\}?\s*C\s*_\s*\{?(\d{1,4})\}?(?!\d)/g, '\\binom{$1}{$2}')
}

const before = /^(?:\*\*|__|`|\s|[:,;])/
const behind = /(?:\*\*|__|`|\s|[,;:]|(?<!\\)\\\\|(?<!\\)\\|\\(?:text|mbox)\s{0,3}\{\s{0,3}[.,]\s{0,3}\}|(?<!\.)\.)$/

/** What is left of a sentence's end and of emphasis around an answer. */
export const withoutEnds = (text: string): string => withoutMarks(text, before, behind)
