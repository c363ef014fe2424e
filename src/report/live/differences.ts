/** Which settings of several runs are not the same. */
export interface Difference {
  key: string
  /** One value per run, as JSON; null where it is absent. */
  values: (string | null)[]
}

/** What names a run, not what it is. */
const names = new Set(['name'])

export function differences(configs: readonly Record<string, unknown>[]): Difference[] {
  const flat = configs.map((config) => new Map(leaves(config)))
  const keys = [...new Set(flat.flatMap((one) => [...one.keys()]))].filter((key) => !names.has(key))
  return keys
    .map((key) => ({ key, values: flat.map((one) => one.get(key) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1)
}

function leaves(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [[path, value === Number.POSITIVE_INFINITY ? '.inf' : (JSON.stringify(value) ?? 'null')]]
  }
  return Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`))
}
