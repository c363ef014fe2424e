/** Which settings of several runs are not the same: what a comparison compares, wanted or not. */
import { leaves } from '../../../base/leaves.js'
import type { NamedRun } from '../parts.js'

export interface DifferingSetting {
  key: string
  /** One a run, as text; a dash where the run does not have it. */
  values: string[]
}

/** Keys that say where a run lies or how closely it is watched; they change nothing that is compared. */
const immaterial = /^(name|threads|log|checkpoint)(\.|$)/

/** In the order of the first run's config. */
export function differingSettings(runs: readonly NamedRun[]): DifferingSetting[] {
  const flat = runs.map(({ data }) => new Map(settingsOf(data.config)))
  const keys = [...new Set(flat.flatMap((settings) => [...settings.keys()]))]
  return keys
    .filter((key) => !immaterial.test(key))
    .map((key) => ({ key, values: flat.map((settings) => settings.get(key) ?? '–') }))
    .filter(({ values }) => new Set(values).size > 1)
}

/** A run without a config has no settings. */
const settingsOf = (config: unknown): [string, string][] =>
  leaves(config)
    .filter(([path]) => path !== '')
    .map(([path, value]) => [path, typeof value === 'string' ? value : String(JSON.stringify(value) ?? value)])

/** Settings whose difference makes learning curves of different things. */
const decisive = ['model', 'task', 'rollout']

/** Words for what should have been the same in a comparison of methods. */
export function settingNotes(differing: readonly DifferingSetting[], runs: readonly NamedRun[]): string[] {
  const told = (keys: readonly DifferingSetting[]) =>
    keys.map(({ key, values }) => `${key} (${values.map((value, i) => `${runs[i]!.name}: ${value}`).join(', ')})`)
  const unlike = differing.filter(({ key }) =>
    decisive.some((section) => key === section || key.startsWith(`${section}.`)),
  )
  const seeds = differing.filter(({ key }) => key === 'seed')
  return [
    ...(unlike.length > 0 ? [`The runs’ curves are of different things: ${told(unlike).join('; ')}.`] : []),
    ...(seeds.length > 0 ? [`The runs have different seeds: ${told(seeds).join('; ')}.`] : []),
  ]
}
