import { parseJson } from '../base/json.js'
import { isObject } from './json.js'

/** Files that a weight index names; none where it is malformed, which opening the model reports. */
export function shardsOf(index: string): string[] {
  try {
    const parsed = parseJson(index)
    const map = isObject(parsed) ? parsed.weight_map : undefined
    return isObject(map) ? [...new Set(Object.values(map).map(String))] : []
  } catch {
    return []
  }
}
