/** Round numbers for an axis. */

/**
 * A range that an axis can show: one whose ends a double cannot tell apart in its last digits is widened around its
 * value.
 */
export function showable(min: number, max: number): [min: number, max: number] {
  const size = Math.max(Math.abs(min), Math.abs(max))
  if (max - min > Math.max(size * 1e-9, 1e-290)) return [min, max]
  const room = size > 1e-280 ? size * 0.1 : 1
  return [min - room, max + room]
}

/**
 * About `count` ticks at multiples of 1, 2, 2.5 or 5 times a power of ten that enclose [min, max]. A range of no width
 * is widened around its value. `whole` keeps to whole numbers, for steps and counts.
 */
export function niceTicks(min: number, max: number, count: number, whole = false): number[] {
  const { step, from, to } = niceRange(min, max, count, whole)
  const ticks: number[] = []
  // Counting in multiples keeps 0.1 + 0.2 from showing as 0.30000000000000004.
  for (let i = Math.round(from / step); i <= Math.round(to / step); i++) ticks.push(roundTo(i * step, step))
  return ticks
}

/** As {@link niceTicks}, but only the ticks that lie within [min, max]. */
export function ticksWithin(min: number, max: number, count: number, whole = false): number[] {
  return niceTicks(min, max, count, whole).filter((tick) => tick >= min && tick <= max)
}

/** Every tick of an axis with the same number of decimals, as many as its step needs. */
export function formatTicks(ticks: readonly number[]): string[] {
  const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : Math.abs(ticks[0] ?? 1) || 1
  const largest = Math.max(...ticks.map(Math.abs), 0)
  if (largest >= 1e6 || (largest > 0 && largest < 1e-3)) {
    return ticks.map((tick) => (tick === 0 ? '0' : tick.toExponential(1).replace('.0e', 'e').replace('e+', 'e')))
  }
  return ticks.map((tick) => tick.toFixed(decimals(step)))
}

function niceRange(min: number, max: number, count: number, whole: boolean) {
  const [low, high] = showable(min, max)
  const rough = (high - low) / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const factors = whole ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]
  let step = power * factors.find((factor) => rough <= factor * power * (1 + 1e-9))!
  if (whole) step = Math.max(1, Math.round(step))
  return { step, from: Math.floor(low / step + 1e-9) * step, to: Math.ceil(high / step - 1e-9) * step }
}

function decimals(step: number): number {
  for (let places = 0; places < 10; places++) {
    const scaled = step * 10 ** places
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return places
  }
  return 10
}

function roundTo(value: number, step: number): number {
  const rounded = Number(value.toPrecision(12))
  return Math.abs(rounded) < step * 1e-9 ? 0 : rounded
}
