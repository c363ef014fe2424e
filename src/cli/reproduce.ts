import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { formatDuration } from '../report/format.js'
import { writeReproductionReport } from '../report/pages/reproduce.js'
import { renderReproduction } from '../report/terminal/reproduce.js'
import { wrap } from '../report/terminal/text.js'
import { type PreparedReproduction, prepareReproduction } from '../run/reproduce/index.js'
import type { RunTraining } from '../run/reproduce/process.js'
import { readRecord } from '../run/reproduce/record.js'
import { type Reproduction, reproduce } from '../run/reproduce/reproduce.js'
import { seedsInWords, seedsNeeded } from '../run/reproduce/types.js'
import { criteria } from '../run/reproduce/verdict.js'
import { newCommand, numberOption } from './command.js'
import { Exit, exitCodes } from './errors.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { stopOnSignals } from './signals.js'

const help = `
Tests the claims of the paper (arXiv 2602.03392): off-policy, sign, masking, covariance, control, performance, breadth, ppo,
families, collapse, and, beyond the paper, setpoint (an entropy target). The name methods compares all entropy methods; it
runs only if you give it.

Prints the criterion first. Differences are paired by seed. A claim holds if the 95% t interval of each deciding difference
is on the stated side, over at least 5 seeds. It is contradicted if an interval is on the other side. Otherwise it is not
shown.

Scales:
  mini   policies of a million parameters on Countdown; minutes per claim, about two hours for all on two cores
  small  SmolLM2-135M, or --model, on addition; hours

Claims share runs. If it is interrupted, run the same command to continue. Complete runs keep config, metrics, and
evaluations. With --keep, they also keep rollouts and checkpoints.

In --out:
  NAME-seed-N-KEY/   run directories (see \`isentrope help train\`)
  results.json       claims, criteria, verdicts, intervals, values per seed, curves
  values.csv         every value behind a verdict
  report.html        all of this with figures

Examples:
  $ isentrope reproduce --dry-run
  $ isentrope reproduce masking sign
  $ isentrope reproduce --out runs/paper --json
  $ isentrope reproduce collapse control --scale small --seeds 3
  $ isentrope reproduce control --scale small --model ./my-model --device cuda
`

interface ReproduceFlags {
  scale: 'mini' | 'small'
  seeds: number
  firstSeed: number
  model?: string
  out?: string
  jobs?: number
  device?: string
  keep?: boolean
  dryRun?: boolean
  json?: boolean
}

/** Milliseconds between lines on runs in progress. */
const statusEvery = 60_000

const atLeastOne = numberOption({ minimum: 1, whole: true })

/** Criteria and work ahead, before anything is run. */
function announce({ plan, scale, root, jobs }: PreparedReproduction): string {
  const labels = (variant: string) => scale.variants[variant]?.label ?? variant
  const claims = plan.claims.flatMap(({ claim, unavailable }) => [
    `${claim.id}: ${claim.title}`,
    ...wrap(`  ${claim.experiment}`, 100),
    ...(unavailable === undefined
      ? criteria(claim, labels).flatMap((line) => wrap(`    ${line}`, 100))
      : wrap(`  cannot be run: ${unavailable}`, 100)),
    '',
  ])
  const complete = plan.runs.filter((run) => readRecord(run)).length
  const steps = plan.runs.reduce((sum, { recipe }) => sum + recipe.train.steps, 0)
  return [
    ...wrap(`${scale.name} scale: ${scale.words}`, 100),
    ...wrap(
      `A claim holds where the 95 % t interval of each difference below, paired by seed, lies so; over at least ${seedsNeeded} seeds.`,
      100,
    ),
    '',
    ...claims,
    `${plan.runs.length} runs over ${seedsInWords(plan.seeds, plan.firstSeed)}, ${steps} steps in all; ${complete} complete already; ${jobs} at once; in ${root}`,
    '',
  ].join('\n')
}

export function reproduceCommand(io: Io = processIo, runTraining?: RunTraining): Command {
  return newCommand('reproduce', help, { resultsOnDisk: true })
    .argument('[claims...]', 'claims to test (default: all)')
    .addOption(new Option('--scale <scale>', 'size of the policies').choices(['mini', 'small']).default('mini'))
    .option('--seeds <n>', 'number of seeds; fewer than 5 give no verdict', atLeastOne, 5)
    .option('--first-seed <n>', 'first seed; use another one to repeat the experiment', atLeastOne, 1)
    .option('-m, --model <model>', "model to use in place of the scale's own")
    .option('--out <dir>', 'directory of runs and results (default: runs/reproduce-SCALE)')
    .option('--jobs <n>', 'runs at once, each on one thread (default: one per core)', atLeastOne)
    .option('--device <device>', 'cpu, cuda, cuda:N, or mps')
    .option('--keep', 'keep rollouts and checkpoints of complete runs')
    .option('--dry-run', 'print criteria and plan and stop')
    .option('--json', 'print the result as one line of JSON')
    .action(async (claims: string[], flags: ReproduceFlags) => {
      const people = flags.json ? io.stderr : io.stdout
      const prepared = await prepareReproduction({ ...flags, claims })
      await print(people, announce(prepared))
      if (flags.dryRun) {
        if (flags.json) await print(io.stdout, jsonLine(planJson(prepared)))
        return
      }
      const outcome = await run(prepared, flags, io, runTraining)
      const command = ['isentrope reproduce', ...claims, ...shownFlags(flags)].join(' ')
      const report = writeReproductionReport(outcome, join(prepared.root, 'report.html'), command)
      await print(people, `\n${renderReproduction(outcome, people.columns ?? 100)}\n\nreport      ${report}\n`)
      if (flags.json) await print(io.stdout, jsonLine(withoutFigures(outcome, report)))
      if (outcome.interrupted) {
        await print(io.stderr, 'interrupted; the same command goes on where it was\n')
        throw new Exit(exitCodes.interrupted)
      }
      if (outcome.runs.failed.length > 0) throw new Exit(exitCodes.failed)
    })
}

/** What decides the outcome, as it was typed. */
function shownFlags({ scale, seeds, firstSeed, model, device }: ReproduceFlags): string[] {
  return [
    ...(scale === 'mini' ? [] : [`--scale ${scale}`]),
    ...(seeds === 5 ? [] : [`--seeds ${seeds}`]),
    ...(firstSeed === 1 ? [] : [`--first-seed ${firstSeed}`]),
    ...(model === undefined ? [] : [`--model ${model}`]),
    ...(device === undefined ? [] : [`--device ${device}`]),
  ]
}

const planJson = ({ plan, scale, root }: PreparedReproduction) => ({
  scale: scale.name,
  seeds: plan.seeds,
  firstSeed: plan.firstSeed,
  out: root,
  claims: plan.claims.map(({ claim, unavailable }) => ({ id: claim.id, title: claim.title, unavailable })),
  runs: plan.runs.map(({ variant, seed, directory, recipe }) => ({
    variant,
    seed,
    directory,
    steps: recipe.train.steps,
  })),
})

/** The figures' points are in results.json. */
const withoutFigures = ({ claims, ...rest }: Reproduction, report: string) => ({
  ...rest,
  report,
  claims: claims.map(({ figures, ...claim }) => claim),
})

async function run(
  prepared: PreparedReproduction,
  flags: ReproduceFlags,
  io: Io,
  runTraining?: RunTraining,
): Promise<Reproduction> {
  const { plan, scale, root, jobs } = prepared
  const stop = new AbortController()
  const release = stopOnSignals(stop, io)
  const under = new Map<string, { name: string; step: number; steps: number }>()
  const say = (text: string) => void io.stderr.write(`${text}\n`)
  const status = setInterval(() => {
    const words = [...under.values()].map(({ name, step, steps }) => `${name} ${step}/${steps}`)
    if (words.length > 0) say(`  in progress: ${words.join(', ')}`)
  }, statusEvery)
  const named = (one: { label: string; seed: number }) => `${one.label}, seed ${one.seed}`
  try {
    return await reproduce(plan, scale, {
      root,
      jobs,
      keep: flags.keep,
      signal: stop.signal,
      runTraining,
      onBegin: (one) => under.set(one.key, { name: named(one), step: 0, steps: one.recipe.train.steps }),
      onStep: (one, step) => under.set(one.key, { name: named(one), step, steps: one.recipe.train.steps }),
      onDone: ({ run: one, done, total, secondsLeft }) => {
        under.delete(one.key)
        say(`${done} of ${total}: ${named(one)}; about ${formatDuration(secondsLeft)} left`)
      },
      onFailed: (one, message) => {
        under.delete(one.key)
        say(`failed: ${named(one)} (${one.directory}): ${message}`)
      },
    })
  } finally {
    clearInterval(status)
    release()
  }
}
