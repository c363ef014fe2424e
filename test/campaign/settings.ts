/** How large a campaign is, from the environment, and its random numbers. */
import { rngFrom } from '../../src/base/philox.js'

export function setting(name: string, otherwise: number): number {
  const text = process.env[`CAMPAIGN_${name}`]
  const value = text === undefined || text === '' ? otherwise : Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`CAMPAIGN_${name} is ${text}, not a whole number`)
  return value
}

/** Random choices of one campaign, the same for the same CAMPAIGN_SEED. */
export function choices(stream: number): { below(count: number): number; between(low: number, high: number): number } {
  const next = rngFrom(setting('SEED', 1), stream)
  return {
    below: (count) => Math.floor(next() * count),
    between: (low, high) => low + next() * (high - low),
  }
}
