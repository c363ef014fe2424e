/** `reproduce` of the public API: the paper's claims, from their runs to their verdicts. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { chooseClaims } from './claims.js'
import { type PlanOptions, planReproduction, type ReproductionPlan, variantsOfClaim } from './plan.js'
import { type ReproduceOptions, type Reproduction, reproduce } from './reproduce.js'
import { mini } from './scales/mini.js'
import { small } from './scales/small.js'
import { type Scale, type ScaleName, seedsNeeded, usualFirstSeed } from './types.js'
import { findPolicy, type Policy } from './weights.js'

const scales: Record<ScaleName, Scale> = { mini, small }

export interface ReproductionRequest {
  /** Names of claims; none: all. */
  claims?: readonly string[]
  scale?: ScaleName
  /** Seeds of every run. Default 5, the fewest that can show anything. */
  seeds?: number
  /** The first of them; default 1. Others repeat the experiment independently. */
  firstSeed?: number
  /** The policy in place of the scale's own; policies of other families stay. */
  model?: string
  /** Where runs and results go. Default runs/reproduce-SCALE. */
  out?: string
  /** Processes at once. Default: one for each core on the CPU, else 1. */
  jobs?: number
  device?: string
}

export interface PreparedReproduction {
  scale: Scale
  plan: ReproductionPlan
  root: string
  jobs: number
}

/** Everything that is decided before the first run. @throws UserError for an unknown claim or a model that cannot be had. */
export async function prepareReproduction(request: ReproductionRequest = {}): Promise<PreparedReproduction> {
  const { claims: names = [], seeds = seedsNeeded, firstSeed = usualFirstSeed, device } = request
  const own = scales[request.scale ?? 'mini']
  const scale = request.model === undefined ? own : { ...own, policy: request.model }
  const claims = chooseClaims(scale, names)
  const policies = new Map<string, Policy>()
  for (const name of new Set(claims.flatMap(variantsOfClaim))) {
    const variant = scale.variants[name]
    const policy = variant && (variant.policy ?? scale.policy)
    if (policy !== undefined && !policies.has(policy)) policies.set(policy, await findPolicy(policy))
  }
  const root = request.out ?? join('runs', `reproduce-${scale.name}`)
  const options: PlanOptions = {
    scale,
    claims,
    seeds,
    firstSeed,
    root,
    policyOf: (name) => policies.get(name)!,
    engine: device === undefined ? {} : { device },
  }
  const onCpu = device === undefined || device === 'cpu'
  return {
    scale,
    plan: planReproduction(options),
    root,
    jobs: request.jobs ?? (onCpu ? availableParallelism() : 1),
  }
}

/**
 * Makes the runs that the claims need and are not there yet, and judges the claims. results.json, values.csv and the
 * runs lie below the request's directory; the same call continues after an interruption.
 * @throws UserError for an unknown claim, a model that cannot be had, or a directory in use.
 */
export async function reproduceClaims(
  request: ReproductionRequest = {},
  callbacks: Omit<ReproduceOptions, 'root' | 'jobs'> = {},
): Promise<Reproduction> {
  const { plan, scale, ...rest } = await prepareReproduction(request)
  return reproduce(plan, scale, { ...callbacks, ...rest })
}
