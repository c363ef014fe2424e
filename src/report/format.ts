/** Numbers as people read them, in terminals and pages alike. What is not a finite number is a dash. */

const dash = '–'

function isNumber(value: number | undefined | null): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** At most `digits` significant digits, without trailing zeros; an exponent where a plain number would be long. */
export function formatNumber(value: number | undefined | null, digits = 3): string {
  if (!isNumber(value)) return dash
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e6 || size < 1e-4) {
    return value.toExponential(Math.max(0, digits - 1)).replace(/\.?0*e\+?/, 'e')
  }
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)))
  const text = value.toFixed(Math.min(places, 12))
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** A fixed number of decimals, for columns that line up. */
export function formatFixed(value: number | undefined | null, decimals: number): string {
  return isNumber(value) ? value.toFixed(decimals) : dash
}

/** A whole number with separators: 12,345. */
export function formatCount(value: number | undefined | null): string {
  return isNumber(value)
    ? Math.round(value)
        .toString()
        .replace(/\B(?=(\d{3})+$)/g, ',')
    : dash
}

/** A short magnitude: 812, 1.9k, 24k, 3.1M. */
export function formatCompact(value: number | undefined | null): string {
  if (!isNumber(value)) return dash
  const size = Math.abs(value)
  for (const [unit, suffix] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    // 999.6 rounds to 1000, which reads 1.0k.
    if (size >= unit * 0.9995) {
      const scaled = value / unit
      return `${Math.abs(scaled) < 9.95 ? scaled.toFixed(1) : scaled.toFixed(0)}${suffix}`
    }
  }
  return size >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)
}

/** A share of 1 as a percentage: 0.012 is `1.2 %`. */
export function formatPercent(share: number | undefined | null, decimals = 1): string {
  return isNumber(share) ? `${(share * 100).toFixed(decimals)} %` : dash
}

/** Seconds in the two largest units that matter: `42s`, `4m 12s`, `3h 05m`, `2d 04h`. */
export function formatDuration(seconds: number | undefined | null): string {
  if (!isNumber(seconds) || seconds < 0) return dash
  const whole = Math.round(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
  const minutes = Math.round(whole / 60)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`
  const hours = Math.round(whole / 3600)
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`
}

/** Bytes in binary units: `1.2 GiB`. */
export function formatBytes(bytes: number | undefined | null): string {
  if (!isNumber(bytes)) return dash
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 999.5 ? value.toFixed(0) : value.toPrecision(3)
  return `${digits} ${units[unit]}`
}

/** A number's text with a minus of its own, for which a hyphen is too short. */
export function minus(text: string): string {
  return text.replace(/^-/, '−').replace(/e-/, 'e−')
}

/** `1 sample`, `1,200 samples`. */
export const formatCounted = (count: number, name: string): string =>
  `${formatCount(count)} ${name}${count === 1 ? '' : 's'}`
