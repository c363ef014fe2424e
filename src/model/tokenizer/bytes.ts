/** GPT-2's bytes as characters: printable Latin-1 stands for itself, the other 68 bytes are U+0100 and on. */

const characters: string[] = []
{
  const printable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  let other = 0
  for (let byte = 0; byte < 256; byte++) characters.push(String.fromCharCode(printable(byte) ? byte : 256 + other++))
}
const bytes = new Map(characters.map((character, byte) => [character, byte]))

const allPrintable = /^[!-~]*$/

/** The UTF-8 bytes of a text, each as its character. */
export function byteCharacters(text: string): string {
  if (allPrintable.test(text)) return text
  let mapped = ''
  for (const byte of Buffer.from(text)) mapped += characters[byte]
  return mapped
}

/** The bytes that a token's characters stand for; its own UTF-8 where one of them stands for none. */
export function bytesOfCharacters(token: string): Uint8Array {
  const found = new Uint8Array(token.length)
  let length = 0
  for (const character of token) {
    const byte = bytes.get(character)
    if (byte === undefined) return Buffer.from(token)
    found[length++] = byte
  }
  return found.subarray(0, length)
}
