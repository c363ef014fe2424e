/**
 * The values of nested sections by their dotted paths; an empty section has none. A list is one value, unless `lists` opens
 * it: `data.0.name`.
 */
export function leaves(value: unknown, { lists = false, path = '' } = {}): [string, unknown][] {
  if (typeof value !== 'object' || value === null || (Array.isArray(value) && !lists)) return [[path, value]]
  return Object.entries(value).flatMap(([key, child]) =>
    leaves(child, { lists, path: path === '' ? key : `${path}.${key}` }),
  )
}

/** A path at which two nested sections differ, and both values as a recipe writes them. */
export interface DifferingLeaf {
  path: string
  before: string
  now: string
}

/** Where two nested sections differ, in the order of `before`. */
export function differingLeaves(before: unknown, now: unknown, options: { lists?: boolean } = {}): DifferingLeaf[] {
  const [then, present] = [before, now].map((value) => new Map(leaves(value, options)))
  return [...new Set([...then.keys(), ...present.keys()])]
    .map((path) => ({ path, before: shown(then.get(path)), now: shown(present.get(path)) }))
    .filter((leaf) => leaf.before !== leaf.now)
}

const shown = (value: unknown): string =>
  value === undefined ? 'absent' : typeof value === 'number' ? numberAsYaml(value) : JSON.stringify(value, infinity)

// JSON has no infinity: as text, the two ends of the number line differ from null and from each other.
const infinity = (_: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? numberAsYaml(value) : value

const numberAsYaml = (value: number): string =>
  value === Infinity ? '.inf' : value === -Infinity ? '-.inf' : Number.isNaN(value) ? '.nan' : JSON.stringify(value)
