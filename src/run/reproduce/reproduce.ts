/**
 * Claims from their runs to their verdicts:
 *
 *   claims x seeds -> plan (each run once) -> processes, several at once -> records -> comparisons -> verdicts
 *
 * Everything lies below one directory. What is complete there is taken as it is, what was begun goes on from its last
 * checkpoint, so the same call after a kill at any moment ends with the same result.
 */
import { join } from 'node:path'
import { realDisk, replaceFile } from '../store/disk.js'
import { runPaths } from '../store/run-directory.js'
import { lockRun } from '../store/run-lock.js'
import type { PlannedClaim, PlannedRun, ReproductionPlan } from './plan.js'
import { type RunTraining, trainInProcess } from './process.js'
import { readRecord } from './record.js'
import type { ClaimOutcome, RunRecord, Scale } from './types.js'
import { claimVerdict, compare, criteria } from './verdict.js'

export interface RunProgress {
  run: PlannedRun
  /** Runs that are complete, with those found so, and all. */
  done: number
  total: number
  /** Seconds until all are complete, from those made so far. */
  secondsLeft?: number
}

export interface ReproduceOptions {
  root: string
  /** Processes at once. */
  jobs: number
  /** Keep the rollouts and checkpoints of complete runs. */
  keep?: boolean
  signal?: AbortSignal
  onBegin?: (run: PlannedRun) => void
  onStep?: (run: PlannedRun, step: number) => void
  onDone?: (progress: RunProgress) => void
  onFailed?: (run: PlannedRun, message: string) => void
  /** For tests: how a run is trained. */
  runTraining?: RunTraining
}

/** What came out; JSON. */
export interface Reproduction {
  scale: { name: string; words: string }
  /** Number of seeds, and the first of them. */
  seeds: number
  firstSeed: number
  runs: { planned: number; complete: number; failed: { run: string; message: string }[] }
  /** True where a signal ended it before all runs were made. */
  interrupted: boolean
  claims: ClaimOutcome[]
}

/** Makes the runs that are missing, and judges the claims on what is there. Holds the directory meanwhile. */
export async function reproduce(
  plan: ReproductionPlan,
  scale: Scale,
  options: ReproduceOptions,
): Promise<Reproduction> {
  realDisk.makeDirectory(options.root)
  const unlock = lockRun(options.root)
  try {
    const failed = await makeRuns(plan.runs, options)
    const records = new Map(plan.runs.map((run) => [run.key, readRecord(run)]))
    const complete = plan.runs.filter(({ key }) => records.get(key) !== undefined).length
    const outcome: Reproduction = {
      scale: { name: scale.name, words: scale.words },
      seeds: plan.seeds,
      firstSeed: plan.firstSeed,
      runs: { planned: plan.runs.length, complete, failed },
      interrupted: options.signal?.aborted === true && complete + failed.length < plan.runs.length,
      claims: plan.claims.map((claim) => judgeClaim(claim, scale, records, plan.seeds)),
    }
    const json = JSON.stringify(outcome, null, 1)
    replaceFile(realDisk, join(options.root, 'results.json'), `${json}\n`)
    replaceFile(realDisk, join(options.root, 'values.csv'), valuesCsv(outcome))
    return outcome
  } finally {
    unlock()
  }
}

async function makeRuns(
  runs: readonly PlannedRun[],
  options: ReproduceOptions,
): Promise<Reproduction['runs']['failed']> {
  const { jobs, signal, runTraining = trainInProcess, keep = false } = options
  const missing = runs.filter((run) => {
    if (!readRecord(run)) return true
    if (!keep) dropBulk(run)
    return false
  })
  const failed: Reproduction['runs']['failed'] = []
  const stepsOf = (list: readonly PlannedRun[]) => list.reduce((sum, { recipe }) => sum + recipe.train.steps, 0)
  const began = performance.now()
  const queue = [...missing]
  const made: PlannedRun[] = []
  const settled = () => runs.length - missing.length + made.length
  async function worker(): Promise<void> {
    for (let run = queue.shift(); run && !signal?.aborted; run = queue.shift()) {
      options.onBegin?.(run)
      const own = run
      try {
        const { interrupted } = await runTraining(
          { recipe: run.recipe, directory: run.directory },
          { signal, onStep: (step) => options.onStep?.(own, step) },
        )
        if (interrupted) return
        if (!readRecord(run)) throw new Error('it ended without its last step or evaluation')
        if (!keep) dropBulk(run)
        made.push(run)
        const perStep = (performance.now() - began) / 1000 / stepsOf(made)
        const left = stepsOf(missing) - stepsOf(made)
        options.onDone?.({ run, done: settled(), total: runs.length, secondsLeft: perStep * left })
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        failed.push({ run: run.directory, message })
        options.onFailed?.(run, message)
      }
    }
  }
  await Promise.all(Array.from({ length: jobs }, worker))
  return failed
}

/** A complete run is measured by its metrics; what it would resume from and its samples are most of its size. */
function dropBulk({ directory }: PlannedRun): void {
  const { checkpoints, rollouts } = runPaths(directory)
  for (const path of [checkpoints, rollouts]) realDisk.remove(path)
}

function judgeClaim(
  { claim, unavailable, runs }: PlannedClaim,
  scale: Scale,
  records: ReadonlyMap<string, RunRecord | undefined>,
  seeds: number,
): ClaimOutcome {
  const labels = (variant: string) => scale.variants[variant]?.label ?? variant
  const head = {
    id: claim.id,
    title: claim.title,
    experiment: claim.experiment,
    criteria: criteria(claim, labels),
  }
  if (unavailable !== undefined) return { ...head, unavailable, comparisons: [], figures: [] }
  const table = new Map([...runs].map(([variant, list]) => [variant, list.map(({ key }) => records.get(key))]))
  const comparisons = claim.comparisons.map((one) => compare(one, table, seeds, labels))
  return {
    ...head,
    verdict: claimVerdict(comparisons),
    comparisons,
    figures: claim.figures.map((figure) => figure.draw(table, labels)),
  }
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

/** Every measurement that a verdict rests on, a line each. */
function valuesCsv({ claims, firstSeed }: Reproduction): string {
  const lines = claims.flatMap(({ id, comparisons }) =>
    comparisons.flatMap(({ label, of, against, difference }) =>
      of.map((value, i) =>
        [id, quoted(label), firstSeed + i, value ?? '', against?.[i] ?? '', difference[i] ?? ''].join(','),
      ),
    ),
  )
  return `${['claim,comparison,seed,value,against,difference', ...lines].join('\n')}\n`
}
