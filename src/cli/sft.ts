import type { Command } from 'commander'
import { loadAs } from '../recipe/load-recipe.js'
import { type SftRecipe, sftFormat } from '../recipe/sft-recipe.js'
import { createSftPanel } from '../report/terminal/panel.js'
import { requireRoom } from '../run/plan/memory-check.js'
import { resolveDtype } from '../run/plan/resolve-dtype.js'
import { planSft } from '../run/plan/sft.js'
import { runSft, type SftOptions, type SftSummary } from '../run/train/sft.js'
import { loadSftData } from '../task/sft-data.js'
import { newCommand, repeated } from './command.js'
import { Exit, exitCodes } from './errors.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { renewReport } from './report-renewal.js'
import {
  infinityAsYaml,
  plannedPlace,
  recipePath,
  renewedReport,
  sayHowToContinue,
  sayWhereRunStands,
  startText,
  warnOfAbsentDevice,
  writeReport,
} from './run-command.js'
import { sftPlanText, sftSummaryText } from './sft-text.js'
import { stopOnSignals } from './signals.js'

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

interface SftFlags {
  set?: string[]
  run?: string
  resume?: boolean
  dryRun?: boolean
  json?: boolean
}

/** The recipe as given; where a run is resumed without one, the run's own. */
const recipeOf = (path: string | undefined, flags: SftFlags): SftRecipe =>
  loadAs(recipePath('sft', path, flags), sftFormat, flags.set)

export function sftCommand(io: Io = processIo): Command {
  return newCommand('sft', help, { resultsOnDisk: true })
    .argument('[recipe]', 'YAML file (optional with --run DIR --resume)')
    .option('-s, --set <key=value>', 'change a key of the recipe (repeatable)', repeated)
    .option('--run <dir>', 'run directory (default: runs/NAME-TIMESTAMP)')
    .option('--resume', 'resume from the last checkpoint of --run, or of the newest run with this name')
    .option('--dry-run', 'print the plan and stop')
    .option('--json', 'print the summary as one line of JSON')
    .action(async (path: string | undefined, flags: SftFlags) => {
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
      const summary = await runInPanel(recipe, flags, { io, people, place, data, steps: plan.steps })
      await print(io.stdout, flags.json ? jsonLine(summary) : '')
      if (summary.interrupted) {
        await sayHowToContinue('sft', summary, io)
        throw new Exit(exitCodes.interrupted)
      }
    })
}

async function runInPanel(
  recipe: SftRecipe,
  flags: SftFlags,
  {
    io,
    people,
    place,
    data,
    steps,
  }: { io: Io; people: Io['stdout']; place: string; data: SftOptions['data']; steps: number },
): Promise<SftSummary & { report?: string }> {
  const stop = new AbortController()
  const panel = createSftPanel(people as NodeJS.WriteStream, {
    isTty: people.isTTY === true,
    totalSteps: steps,
    title: recipe.name ?? 'run',
  })
  const release = stopOnSignals(stop, io, undefined, panel.aside)
  let started: string | undefined
  const pages = renewReport(() => renewedReport(started!, recipe.model))
  try {
    const summary = await runSft(recipe, {
      runDirectory: flags.run,
      resume: flags.resume,
      signal: stop.signal,
      argv: process.argv.slice(2),
      data,
      onStart: (begin) => {
        started = begin.runDirectory
        people.write(startText(begin, place))
      },
      onEvent: (event) => {
        panel.onEvent(event)
        pages.onEvent(event)
      },
    })
    panel.close()
    await pages.settled()
    const report = await writeReport(summary, io)
    await print(people, `\n${sftSummaryText(summary)}${report === undefined ? '' : `report      ${report}\n`}`)
    return report === undefined ? summary : { ...summary, report }
  } catch (error) {
    panel.close()
    if (started !== undefined) await sayWhereRunStands(started, error, io)
    throw error
  } finally {
    panel.close()
    release()
  }
}
