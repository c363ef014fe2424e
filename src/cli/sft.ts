import type { Command } from 'commander'
import { loadAs } from '../recipe/load-recipe.js'
import { type SftRecipe, sftFormat } from '../recipe/sft-recipe.js'
import { createSftPanel } from '../report/terminal/panel/panel.js'
import { requireRoom } from '../run/plan/memory-check.js'
import { resolveDtype } from '../run/plan/resolve-dtype.js'
import { planSft } from '../run/plan/sft.js'
import { runSft, type SftOptions } from '../run/train/sft.js'
import { loadSftData } from '../task/sft-data.js'
import { newCommand } from './command.js'
import { type Io, print, processIo } from './io.js'
import { infinityAsYaml, plannedPlace, recipePath, warnOfAbsentDevice } from './run-command.js'
import { type RunFlags, runInPanel, withRun } from './run-in-panel.js'
import { sftPlanText, sftSummaryText } from './sft-text.js'

const help = `
Trains a model on examples, for instance before reinforcement learning. RECIPE is a YAML file (see recipes/sft-*.yaml and
\`isentrope config --sft\`). The data are chats ({"messages": [...]}), prompts with completions, GSM8K, or a task with
solutions. Only assistant turns and completions are learned, with their end token.

Prints the plan, then a live panel, then a summary. If stdout is not a terminal, prints one line per step in place of the
panel.

The run directory has these files:
  config.yaml        the recipe with every default
  environment.json   versions, machine, seed
  metrics.jsonl      one object per step
  eval.jsonl         validations
  checkpoints/       to resume from, and to use (model/)
  report.html        curves

Ctrl-C stops at the next safe point and writes a checkpoint. Press it twice to stop at once.

Examples:
  $ isentrope sft recipes/sft-gsm8k-smollm2.yaml --dry-run
  $ isentrope sft recipes/sft-gsm8k-smollm2.yaml --set data.task.path=train.jsonl --run runs/warm
  $ isentrope sft --run runs/warm --resume
  $ isentrope train recipes/gsm8k-smollm2.yaml --set model=runs/warm/checkpoints/step-000150/model
`

/** The recipe as given; where a run is resumed without one, the run's own. */
const recipeOf = (path: string | undefined, flags: RunFlags): SftRecipe =>
  loadAs(recipePath('sft', path, flags), sftFormat, flags.set)

export function sftCommand(io: Io = processIo): Command {
  return withRun(newCommand('sft', help, { resultsOnDisk: true })).action(
    async (path: string | undefined, flags: RunFlags) => {
      const given = recipeOf(path, flags)
      const people = flags.json ? io.stderr : io.stdout
      const data = await loadSftData(given.data)
      const where = { runDirectory: flags.run, resume: flags.resume }
      const { recipe, choice } = await resolveDtype(given, sftFormat, where)
      const plan = await planSft(recipe, data, { dtypeChoice: choice })
      const place = plannedPlace(recipe, flags)
      await warnOfAbsentDevice(plan)
      await print(people, sftPlanText(recipe, plan, place, people.columns))
      if (flags.dryRun) {
        if (flags.json) await print(io.stdout, `${JSON.stringify({ recipe, plan }, infinityAsYaml)}\n`)
        return
      }
      requireRoom(plan)
      const panel = createSftPanel(people as NodeJS.WriteStream, {
        isTty: people.isTTY === true,
        totalSteps: plan.steps,
        title: recipe.name ?? 'run',
      })
      const run = (options: SftOptions) => runSft(recipe, { ...options, data })
      await runInPanel({
        ...{ command: 'sft', flags, io, people, place, model: recipe.model },
        ...{ panel, run, text: sftSummaryText },
      })
    },
  )
}
