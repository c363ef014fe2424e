import { extent, mean } from '../statistics.js'

const blocks = '▁▂▃▄▅▆▇█'

/**
 * Values as a row of blocks between their own minimum and maximum. Longer lists than `width` are averaged into
 * `width` bins; what is not finite is a blank; a constant list is a row of middle blocks.
 */
export function sparkline(values: readonly (number | undefined | null)[], width = values.length): string {
  const bins = binned(values, Math.max(0, Math.floor(width)))
  const range = extent(bins)
  if (range === undefined) return ' '.repeat(bins.length)
  const [min, max] = range
  return bins
    .map((value) => {
      if (value === undefined || !Number.isFinite(value)) return ' '
      const level = max > min ? Math.round(((value - min) / (max - min)) * (blocks.length - 1)) : 3
      return blocks[level]
    })
    .join('')
}

function binned(values: readonly (number | undefined | null)[], width: number): (number | undefined)[] {
  if (values.length <= width) return values.map((value) => value ?? undefined)
  return Array.from({ length: width }, (_, bin) =>
    mean(values.slice(Math.floor((bin * values.length) / width), Math.floor(((bin + 1) * values.length) / width))),
  )
}
