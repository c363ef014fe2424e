/**
 * Which runs a set of claims needs. A run is known by what decides its result (the resolved recipe with its seed, the
 * policy's weights, this version), so claims that need the same run share it, in one start and over starts.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { version } from '../../base/package.js'
import { parseRecipe } from '../../recipe/index.js'
import type { Recipe } from '../../recipe/schema.js'
import type { Changes, Claim, Scale } from './types.js'
import type { Policy } from './weights.js'

export interface PlannedRun {
  key: string
  variant: string
  label: string
  seed: number
  recipe: Recipe
  directory: string
}

export interface PlannedClaim {
  claim: Claim
  /** Why it cannot be tried; it then has no runs. */
  unavailable?: string
  /** Runs by variant, in the order of the seeds. */
  runs: Map<string, PlannedRun[]>
}

export interface ReproductionPlan {
  /** How many seeds every run has, and the first of them. */
  seeds: number
  firstSeed: number
  claims: PlannedClaim[]
  /** Every run once, in the order in which they are to be made. */
  runs: PlannedRun[]
}

export interface PlanOptions {
  scale: Scale
  claims: readonly Claim[]
  seeds: number
  firstSeed: number
  /** Under it the runs' directories lie. */
  root: string
  policyOf(name: string): Policy
  /** Laid over every recipe: where it computes. */
  engine?: Changes
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Lays keys over keys; sections are merged, everything else is replaced. */
export function merge(...layers: readonly Changes[]): Record<string, unknown> {
  const merged: Record<string, unknown> = {}
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      const before = merged[key]
      merged[key] = isSection(before) && isSection(value) ? merge(before, value) : value
    }
  }
  return merged
}

/** Decides how long and how closely watched a run is or where it computes, but not what. */
const undecisive = ['name', 'model', 'threads', 'memoryCheck', 'checkpoint', 'log']

/** Keys in one order, so that equal recipes have equal texts; JSON has no infinity. */
function canonical(value: unknown): unknown {
  if (value === Infinity) return '.inf'
  if (Array.isArray(value)) return value.map(canonical)
  if (!isSection(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, canonical(value[key])]),
  )
}

export function runKey(recipe: Recipe, weights: string): string {
  const decisive = Object.fromEntries(Object.entries(recipe).filter(([key]) => !undecisive.includes(key)))
  const text = JSON.stringify(canonical({ version, weights, recipe: decisive }))
  return createHash('sha256').update(text).digest('hex')
}

/** The names of the variants that a claim's comparisons and figures need. */
export function variantsOfClaim({ comparisons, figures }: Claim): string[] {
  const named = comparisons.flatMap(({ of, against }) => [of.variant, ...(against ? [against.variant] : [])])
  return [...new Set([...named, ...figures.flatMap(({ variants }) => variants)])]
}

function planRun(name: string, seed: number, { scale, root, policyOf, engine = {} }: PlanOptions): PlannedRun {
  const variant = scale.variants[name]
  const policy = policyOf(variant.policy ?? scale.policy)
  const recipe = parseRecipe(
    merge(scale.base, variant.changes, engine, {
      name: `${name}-seed-${seed}`,
      seed,
      model: policy.model,
    }),
  )
  const key = runKey(recipe, policy.weights)
  return {
    key,
    variant: name,
    label: variant.label,
    seed,
    recipe,
    directory: join(root, `${name}-seed-${seed}-${key.slice(0, 8)}`),
  }
}

/** Claims whose runs this version or scale cannot make are planned as unavailable, with the reason. */
export function planReproduction(options: PlanOptions): ReproductionPlan {
  const { scale, claims, seeds, firstSeed } = options
  const runs = new Map<string, PlannedRun>()
  const planned = claims.map((claim): PlannedClaim => {
    const own = new Map<string, PlannedRun[]>()
    const needed = variantsOfClaim(claim)
    const lacking = needed.filter((name) => scale.variants[name] === undefined)
    if (lacking.length > 0) {
      return { claim, unavailable: `the ${scale.name} scale has no ${lacking.join(', ')}`, runs: new Map() }
    }
    for (const name of Object.keys(scale.variants).filter((one) => needed.includes(one))) {
      try {
        own.set(
          name,
          Array.from({ length: seeds }, (_, i) => planRun(name, firstSeed + i, options)),
        )
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        return { claim, unavailable: `${name}: ${error.message}`, runs: new Map() }
      }
    }
    for (const [name, list] of own) {
      own.set(
        name,
        list.map((run) => {
          const same = runs.get(run.key)
          if (!same) runs.set(run.key, run)
          return same ?? run
        }),
      )
    }
    return { claim, runs: own }
  })
  return { seeds, firstSeed, claims: planned, runs: [...runs.values()] }
}
