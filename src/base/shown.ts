/** A value as a message quotes it: JSON, cut where it is long. */
export function shown(value: unknown, limit = 60): string {
  if (value === Infinity) return '.inf'
  if (Number.isNaN(value)) return '.nan'
  return cut(jsonOf(value), limit)
}

/** A text of at most `limit` characters. */
export const cut = (text: string, limit = 60): string => (text.length > limit ? `${text.slice(0, limit - 3)}...` : text)

/** Names in a message: the first of them, and how many more there are. */
export function listed(names: readonly string[], limit = 40): string {
  const first = names.slice(0, limit).map((name) => cut(name))
  return names.length > limit ? `${first.join(', ')}, and ${names.length - limit} more` : first.join(', ')
}

function jsonOf(value: unknown): string {
  // The beginning is all that is shown: a list of a million entries is not written out for it.
  const short = typeof value === 'string' ? value.slice(0, 1000) : Array.isArray(value) ? value.slice(0, 100) : value
  try {
    return JSON.stringify(short) ?? String(short)
  } catch {
    // Circular, nested too deeply, or a big integer.
    return typeof value === 'bigint' ? String(value) : Object.prototype.toString.call(value)
  }
}
