/**
 * Where a loaded recipe's sections are written, remembered beside the objects: what is checked later than the recipe itself
 * (a task's own keys) can still name file and line.
 */
export type Locate = (keys: readonly string[]) => string | undefined

const places = new WeakMap<object, Locate>()

/** `locate` tells of a key, by its path from the recipe on, where it stands. */
export function rememberPlaces(recipe: object, locate: (keys: string[]) => string | undefined): void {
  const remember = (section: object, path: readonly string[]): void => {
    places.set(section, (keys) => locate([...path, ...keys]))
    for (const [key, child] of Object.entries(section)) {
      if (typeof child === 'object' && child !== null && !Array.isArray(child)) remember(child, [...path, key])
    }
  }
  remember(recipe, [])
}

/** `file:line:column` of a key of this very section, or the `--set` that it comes from; undefined where no file is known. */
export const placeIn = (section: object, keys: readonly string[]): string | undefined => places.get(section)?.(keys)
