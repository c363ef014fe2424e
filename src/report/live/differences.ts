/** Which settings of several runs are not the same. */
import { leaves } from '../../base/leaves.js'

export interface Difference {
  key: string
  /** One value per run, as JSON; null where it is absent. */
  values: (string | null)[]
}

/** What names a run, not what it is. */
const names = new Set(['name'])

export function differences(configs: readonly Record<string, unknown>[]): Difference[] {
  const flat = configs.map((config) => new Map(leaves(config).map(([key, value]) => [key, asText(value)])))
  const keys = [...new Set(flat.flatMap((one) => [...one.keys()]))].filter((key) => !names.has(key))
  return keys
    .map((key) => ({ key, values: flat.map((one) => one.get(key) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1)
}

const asText = (value: unknown): string =>
  value === Number.POSITIVE_INFINITY ? '.inf' : (JSON.stringify(value) ?? 'null')
