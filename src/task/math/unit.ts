/** A unit's name in one spelling, whatever order and signs its parts are written in. */

/** Parts are names (which may hold a quotient, `mi / h`), `/`, and exponents `^2` of what stands before them. */
export function unitOf(parts: readonly string[]): string {
  const exponents = new Map<string, number>()
  let sign = 1
  let last: { name: string; sign: number } | undefined
  const add = (name: string, by: number) => exponents.set(name, (exponents.get(name) ?? 0) + by)
  for (const part of parts.flatMap((each) => each.split(' '))) {
    if (part === '/') sign = -1
    else if (part.startsWith('^')) {
      // A name counts once already.
      if (last !== undefined) add(last.name, last.sign * (Number(part.slice(1)) - 1))
    } else if (part !== '') {
      const [name, exponent = '1'] = part.split('^') as [string, string?]
      last = { name, sign }
      add(name, sign * Number(exponent))
      sign = 1
    }
  }
  return [...exponents]
    .filter(([, exponent]) => exponent !== 0)
    .map(([name, exponent]) => (exponent === 1 ? name : `${name}^${exponent}`))
    .sort()
    .join(' ')
}
