/**
 * Where the Unicode data of the tokenizers library (Rust, version 0.23.3) and of JavaScript differ. test/golden/
 * make_unicode.py lists what the library says of every code point, and unicode.test.ts compares.
 */

/** Code points as `a-b c`, hexadecimal, as the inside of a character class. */
const ofClass = (ranges: string): string => ranges.replace(/[^ -]+/g, (code) => `\\u{${code}}`).replaceAll(' ', '')

/** Assigned in Unicode 17. Oniguruma and Rust's regular expressions have 16. */
export const newerThan16 = ofClass(
  '88f c5c cdc 1acf-1add 1ae0-1aeb 20c1 2b96 a7ce-a7cf a7d2 a7d4 a7f1 fbc3-fbd2 fd90-fd91 fdc8-fdce 10940-10959 ' +
    '10ec5-10ec7 10ed0-10ed8 10efa-10efb 11b60-11b67 11db0-11ddb 11de0-11de9 16ea0-16eb8 16ebb-16ed3 16ff2-16ff6 ' +
    '187f8-187ff 18d09-18d1e 18d80-18df2 1ccfa-1ccfc 1ceba-1ced0 1cee0-1cef0 1e6c0-1e6de 1e6e0-1e6f5 1e6fe-1e6ff ' +
    '1f6d8 1f777-1f77a 1f8d0-1f8d8 1fa54-1fa57 1fa8a 1fa8e 1fac8 1facd 1faea 1faef 1fbfa 2b73a-2b73f 2cea2-2cead ' +
    '323b0-33479',
)

/** What the library's normalization forms, which have older data, neither decompose, compose, nor reorder. */
const inert = new RegExp(
  `([${ofClass(
    '7fd 897-89f 8ca-8d3 9fe c3c d3b-d3c eba 1715 1abf-1add 1ae0-1aeb 1df6-1dfa 32ff a7f1-a7f4 a82c ab69 105c9 ' +
      '105d2 105da 105e4 10781-10785 10787-107b0 107b2-107ba 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10efb ' +
      '10efd-10eff 10f46-10f50 10f82-10f85 11070 1133b 11382-11385 1138b 1138e 11390-11391 113c2 113c5 113c7-113c8 ' +
      '113ce-113d0 1145e 11839-1183a 11935 11938 1193d-1193e 11943 119e0 11a34 11a47 11a99 11d42 11d44-11d45 11d97 ' +
      '11f41-11f42 1611e 16121-16129 1612f 16d63 16d67-16d6a 16ff0-16ff1 1ccd6-1ccf9 1e030-1e06d 1e08f 1e130-1e136 ' +
      '1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1f16c 1fbf0-1fbf9',
  )}])`,
  'v',
)

export const normalizationForms = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const

/** The text in a normalization form, as the library has it. */
export function toNormalizationForm(text: string, form: (typeof normalizationForms)[number]): string {
  if (!inert.test(text)) return text.normalize(form)
  // An inert character is a starter that takes part in nothing, so what stands on its sides is independent.
  return text
    .split(inert)
    .map((part, i) => (i % 2 === 1 ? part : part.normalize(form)))
    .join('')
}

/** `\w` of Rust's regular expressions, as a character class in JavaScript. */
export const rustWord = `[[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]--[${newerThan16}]]`

/** `char::is_numeric` of Rust, whose own data is Unicode 17. */
export const rustNumeric = '[\\p{N}\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}]'
