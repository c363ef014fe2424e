import { existsSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import type { Command } from 'commander'
import { UserError } from '../base/errors.js'
import { packageRoot } from '../base/package.js'
import { loadRecipe } from '../recipe/index.js'
import type { Recipe } from '../recipe/schema.js'
import { renderComparison, writeComparisonReport } from '../report/pages/compare/page.js'
import { createTrainPanel } from '../report/terminal/panel/panel.js'
import { readHistory } from '../run/store/history.js'
import { runPaths } from '../run/store/run-directory.js'
import { requireCompatible } from '../run/train/compatible.js'
import type { OpenParts } from '../run/train/parts.js'
import type { Summary } from '../run/train/summary.js'
import { train } from '../run/train/train.js'
import { HealthWatch, healthFacts } from '../train/health/health.js'
import { newCommand, numberOption } from './command.js'
import { Exit, exitCodes } from './errors.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { verdict } from './quickstart-verdict.js'
import { renewReport } from './report-renewal.js'
import { quoted, reportOf } from './run-command.js'
import { stopOnSignals } from './signals.js'
import { tokenDecoder } from './token-decoder.js'

const help = `
Trains a policy of about a million parameters on Countdown (reach a target from four numbers) three times from the same
start: with plain GRPO, with Clip_B, and with Clip_V. Takes about five minutes on two cores. Ends with charts, a table, the
findings in words, and a report:
  RUN/report.html                   the three runs side by side, with colored tokens
  RUN/grpo, RUN/clip-b, RUN/clip-v  run directories (see \`isentrope help train\`)

If it is interrupted, run the same command to continue. One seed shows one case. Use --seed for others.

Examples:
  $ isentrope quickstart
  $ isentrope quickstart --seed 1
  $ isentrope quickstart --steps 10 --run runs/short --json
  $ isentrope train quickstart/clip-b.yaml --set entropy.muHigh=1
`

const title = 'Entropy with GRPO, Clip_B, and Clip_V: one seed'

/** In the order in which they run; the first is the one that the others are compared with. */
const methods = [
  { key: 'grpo', name: 'GRPO' },
  { key: 'clip-b', name: 'Clip_B' },
  { key: 'clip-v', name: 'Clip_V' },
] as const

interface QuickstartFlags {
  steps?: number
  seed: number
  run?: string
  json?: boolean
}

interface PlannedRun {
  key: string
  name: string
  directory: string
  recipe: Recipe
}

/** A path of the package as a user in a checkout would write it. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}

function planRuns(flags: QuickstartFlags, root: string): PlannedRun[] {
  const sets = [
    `model=${shortPath(join(packageRoot, 'quickstart', 'policy'))}`,
    `seed=${flags.seed}`,
    ...(flags.steps === undefined ? [] : [`train.steps=${flags.steps}`]),
  ]
  return methods.map(({ key, name }) => ({
    key,
    name,
    directory: join(root, key),
    recipe: loadRecipe(join(packageRoot, 'quickstart', `${key}.yaml`), sets),
  }))
}

/** Whether there is a run to continue. @throws UserError if it has another recipe. */
function hasBegun({ directory, recipe }: PlannedRun, root: string): boolean {
  const { config } = runPaths(directory)
  if (!existsSync(config)) return false
  try {
    requireCompatible(loadRecipe(config), recipe)
  } catch (cause) {
    throw new UserError(`${root}: holds a quick start with other settings\n${(cause as Error).message}`, {
      hint: 'remove it, or choose another directory by --run',
      cause,
    })
  }
  return true
}

async function runOne(
  planned: PlannedRun,
  { root, io, people, openParts }: { root: string; io: Io; people: Io['stdout']; openParts?: OpenParts },
): Promise<Summary> {
  const { name, recipe, directory } = planned
  const resume = hasBegun(planned, root)
  const stop = new AbortController()
  const health = new HealthWatch(healthFacts(recipe))
  const panel = createTrainPanel(people as NodeJS.WriteStream, {
    isTty: people.isTTY === true,
    totalSteps: recipe.train.steps,
    title: `${name}, seed ${recipe.seed}`,
    health,
  })
  const release = stopOnSignals(stop, io, undefined, panel.aside)
  let done = 0
  const pages = renewReport(() => reportOf(directory, recipe.model, { offline: true }))
  try {
    const summary = await train(recipe, {
      runDirectory: directory,
      resume,
      signal: stop.signal,
      argv: process.argv.slice(2),
      openParts,
      onStart: ({ step }) => {
        done = step
        if (step === 0) people.write(`\n${name}: ${directory}\n`)
        else if (step < recipe.train.steps) people.write(`\n${name}: continuing ${directory} after step ${step}\n`)
        else people.write(`\n${name}: ${directory} is already finished\n`)
      },
      onEvent: (event) => {
        panel.onEvent(event)
        pages.onEvent(event)
      },
    })
    await pages.settled()
    if (summary.step > 0) await reportOf(directory, recipe.model, { offline: true }).catch(() => {})
    if (done >= recipe.train.steps) return { ...summary, interrupted: false }
    return summary
  } finally {
    panel.close()
    release()
  }
}

/** The page that compares the runs, with the tokens' own text. */
async function writePage(runs: readonly PlannedRun[], root: string, notes: string[]): Promise<string> {
  const [{ recipe }] = runs
  return writeComparisonReport(
    runs,
    join(root, 'report.html'),
    { title, intro: introOf(recipe), story: storyOf(recipe), notes },
    { decodeToken: await tokenDecoder(recipe.model) },
  )
}

const introOf = ({ train, seed }: Recipe) =>
  `A policy of about a million parameters on Countdown, trained ${train.steps} steps by each method from the same start, with seed ${seed}.`

const storyOf = ({ eval: heldOut }: Recipe) => {
  const k = heldOut?.samples ?? 'K'
  return (
    'Reinforcement learning makes a policy surer of what it already does: its entropy falls, and it tries fewer ways to a ' +
    'solution. Clip_B and Clip_V stop the gradient of the tokens that move entropy most. Look at three things. Does entropy ' +
    `fall under GRPO and stay up under the clips? Does the reward rise all the same? And does Pass@${k}, the share of held-out ` +
    `problems that ${k} attempts solve at least once, stay up with entropy?`
  )
}

export function quickstartCommand(io: Io = processIo, openParts?: OpenParts): Command {
  return newCommand('quickstart', help, {
    resultsOnDisk: true,
  })
    .option('--steps <n>', 'steps of each run (default: 80)', numberOption({ minimum: 1, whole: true }))
    .option('--seed <n>', 'seed of the three runs', numberOption({ minimum: 0, whole: true }), 0)
    .option('--run <dir>', 'directory of the runs and the report (default: runs/quickstart-seed-SEED)')
    .option('--json', 'print the result as one line of JSON')
    .action(async (flags: QuickstartFlags) => {
      const people = flags.json ? io.stderr : io.stdout
      const root = flags.run ?? join('runs', `quickstart-seed-${flags.seed}`)
      const runs = planRuns(flags, root)
      const { steps } = runs[0].recipe.train
      await print(
        people,
        `Three runs of ${steps} steps from the same start, seed ${flags.seed}: ${runs.map(({ name }) => name).join(', ')}\n` +
          `to follow them in a browser: npx isentrope watch ${quoted(root)}\n`,
      )
      const summaries: Summary[] = []
      for (const run of runs) {
        const summary = await runOne(run, { root, io, people, openParts })
        if (summary.interrupted) {
          await print(
            io.stderr,
            `interrupted in ${run.name} after step ${summary.step}; run the same command to continue\n`,
          )
          throw new Exit(exitCodes.interrupted)
        }
        summaries.push(summary)
      }
      const words = verdict(
        runs.map(({ name, directory }) => ({ name, ...readHistory(runPaths(directory)) })),
        flags.seed,
      )
      const report = await writePage(runs, root, words)
      await print(people, `\n${renderComparison(runs, people.columns ?? 80)}\n\n`)
      await print(people, `${words.map((line) => `- ${line}`).join('\n')}\n\nreport      ${report}\n`)
      if (flags.json) {
        const named = Object.fromEntries(runs.map(({ key }, i) => [key, summaries[i]]))
        await print(io.stdout, jsonLine({ seed: flags.seed, report, runs: named, verdict: words }))
      }
    })
}
