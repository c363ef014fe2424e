import type { Command } from 'commander'
import { loadRecipe } from '../recipe/index.js'
import { trainFormat } from '../recipe/parse-recipe.js'
import type { Recipe } from '../recipe/schema.js'
import { renderSummaryChart } from '../report/terminal/chart.js'
import { createTrainPanel } from '../report/terminal/panel/panel.js'
import { freeMemory } from '../run/plan/free-memory.js'
import { requireRoom } from '../run/plan/memory-check.js'
import { makePlan } from '../run/plan/plan.js'
import { resolveDtype } from '../run/plan/resolve-dtype.js'
import { readHistory } from '../run/store/history.js'
import { runPaths } from '../run/store/run-directory.js'
import { edgesText } from '../run/train/edge-steps.js'
import { describeModel, type OpenParts, openParts } from '../run/train/parts.js'
import type { Summary } from '../run/train/summary.js'
import { train } from '../run/train/train.js'
import { requireNoCode } from '../task/code.js'
import { backendCapabilities } from '../train/backends.js'
import type { TrainEvent } from '../train/events.js'
import { concernText, HealthWatch, healthFacts } from '../train/health/health.js'
import { newCommand } from './command.js'
import { ledgerText, targetText } from './control-text.js'
import { type Io, print, processIo } from './io.js'
import { planText } from './plan-text.js'
import { infinityAsYaml, plannedPlace, recipePath, warnOfAbsentDevice } from './run-command.js'
import { type PanelRun, type RunFlags, runInPanel, withRun } from './run-in-panel.js'

const help = `
RECIPE is a YAML file (see recipes/ and \`isentrope config\`). Prints the plan, then a live panel, then a summary. If stdout is
not a terminal, prints one line per step in place of the panel.

The run directory has these files:
  config.yaml        the recipe with every default
  environment.json   versions, machine, seed
  metrics.jsonl      one object per step
  eval.jsonl         held-out evaluations
  rollouts/          every completion, as Parquet
  checkpoints/       to resume from, and to use (model/)
  report.html        curves and samples

Ctrl-C stops at the next safe point and writes a checkpoint. Press it twice to stop at once.

Examples:
  $ isentrope train recipes/arithmetic-smollm2-grpo.yaml --dry-run
  $ isentrope train recipes/arithmetic-smollm2-clip-b.yaml --set train.steps=40
  $ isentrope train recipes/gsm8k-smollm2.yaml --run runs/gsm8k
  $ isentrope train --run runs/gsm8k --resume
`

/** The work behind the command; a test puts its own in place. */
export interface TrainWork {
  openParts?: OpenParts
  describeModel: typeof describeModel
  freeMemory: typeof freeMemory
}

const trainWork: TrainWork = { openParts, describeModel, freeMemory }

/** The recipe as given; where a run is resumed without one, the run's own. */
function recipeOf(path: string | undefined, flags: RunFlags): Recipe {
  const recipe = loadRecipe(recipePath('train', path, flags), flags.set)
  if (flags.resume) requireNoCode(recipe.task, flags.run ?? 'RUN')
  return recipe
}

function summaryText(summary: Summary): string {
  const number = (value: number | null | undefined) => value?.toFixed(3) ?? '-'
  const lines = [
    `steps       ${summary.step} of ${summary.steps}`,
    `reward      ${number(summary.reward_first)} -> ${number(summary.reward_last)} (${edgesText(summary.edge_steps)})`,
    `entropy     ${number(summary.entropy_first)} -> ${number(summary.entropy_last)} nats`,
    ...(summary.setpoint ? [targetText(summary.setpoint)] : []),
    ...(summary.ledger ? [ledgerText(summary.ledger)] : []),
    `tokens      ${summary.completion_tokens} in ${summary.seconds.toFixed(1)} s`,
    ...(summary.eval_last && summary.eval_first
      ? [
          summary.eval_last.avg_at_k === undefined
            ? `held out    reward ${number(summary.eval_first.reward_mean)} -> ${number(summary.eval_last.reward_mean)}`
            : `held out    Avg@K ${number(summary.eval_first.avg_at_k)} -> ${number(summary.eval_last.avg_at_k)}, ` +
              `Pass@K ${number(summary.eval_first.pass_at_k)} -> ${number(summary.eval_last.pass_at_k)}`,
        ]
      : []),
    ...(summary.best
      ? [`best        ${summary.best.checkpoint} (${summary.best.metric} ${number(summary.best.value)})`]
      : []),
    ...(summary.checkpoint ? [`last        ${summary.checkpoint}`] : []),
    ...(summary.concerns ?? []).map((concern) => `warning     ${concernText(concern)}`),
  ]
  return `${lines.join('\n')}\n`
}

export function trainCommand(io: Io = processIo, work = trainWork): Command {
  return withRun(newCommand('train', help, { resultsOnDisk: true })).action(
    async (path: string | undefined, flags: RunFlags) => {
      const given = recipeOf(path, flags)
      const people = flags.json ? io.stderr : io.stdout
      const model = await work.describeModel(given, { planOnly: flags.dryRun })
      const where = { runDirectory: flags.run, resume: flags.resume }
      const { recipe, choice } = await resolveDtype(given, trainFormat, where)
      const plan = makePlan(recipe, model, await work.freeMemory(recipe.device, recipe.threads), choice)
      const place = plannedPlace(recipe, flags)
      if (backendCapabilities(recipe.backend).here) await warnOfAbsentDevice(plan)
      await print(people, planText(recipe, plan, place, people.columns))
      if (flags.dryRun) {
        if (flags.json) await print(io.stdout, `${JSON.stringify({ recipe, plan }, infinityAsYaml)}\n`)
        return
      }
      requireRoom(plan)
      await runInPanel({
        ...{ command: 'train', flags, io, people, place, model: recipe.model, text: summaryText },
        ...inTrainPanel(recipe, people, work.openParts),
      })
    },
  )
}

function inTrainPanel(recipe: Recipe, people: Io['stdout'], openParts?: OpenParts) {
  const health = new HealthWatch(healthFacts(recipe))
  const panel = createTrainPanel(people as NodeJS.WriteStream, {
    isTty: people.isTTY === true,
    totalSteps: recipe.train.steps,
    title: recipe.name ?? 'run',
    health,
  })
  const run: PanelRun<Summary, TrainEvent>['run'] = ({ onStart, ...options }) =>
    train(recipe, {
      ...options,
      openParts,
      onStart(begin) {
        for (const line of readHistory(runPaths(begin.runDirectory)).steps) health.after(line)
        onStart(begin)
      },
    })
  const chart = (summary: Summary) => {
    const { steps } = readHistory(runPaths(summary.run))
    return steps.length > 1 ? renderSummaryChart(steps, people.columns ?? 80) : ''
  }
  return { panel, run, chart }
}
