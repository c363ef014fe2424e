/** From the plan to the summary: a run on the terminal, as train and sft have it. */
import type { Command } from 'commander'
import type { Panel } from '../report/terminal/panel/panel.js'
import type { RunBegin } from '../run/store/keep-run.js'
import type { RunSummary } from '../run/train/summary.js'
import { repeated } from './command.js'
import { Exit, exitCodes } from './errors.js'
import { type Io, jsonLine, print } from './io.js'
import { renewReport } from './report-renewal.js'
import { reportOf, sayHowToContinue, sayWhereRunStands, startText, writeReport } from './run-command.js'
import { stopOnSignals } from './signals.js'

export interface RunFlags {
  set?: string[]
  run?: string
  resume?: boolean
  dryRun?: boolean
  json?: boolean
}

/** The argument and the options of a command that keeps a run. */
export const withRun = (command: Command): Command =>
  command
    .argument('[recipe]', 'YAML file (optional with --run DIR --resume)')
    .option('-s, --set <key=value>', 'change a key of the recipe (repeatable)', repeated)
    .option('--run <dir>', 'run directory (default: runs/NAME-TIMESTAMP)')
    .option('--resume', 'resume from the last checkpoint of --run, or of the newest run with this name')
    .option('--dry-run', 'print the plan and stop')
    .option('--json', 'print the summary as one line of JSON')

/** What every event of a run has. */
interface RunEvent {
  type: string
  phase?: string
}

export interface PanelRun<Summary extends RunSummary, Event extends RunEvent> {
  command: 'train' | 'sft'
  flags: RunFlags
  /** The model that the recipe names. */
  model: string
  io: Io
  /** Where people read: stderr beside --json. */
  people: Io['stdout']
  /** Where the plan said that the run goes. */
  place: string
  panel: Panel<Event>
  run(options: {
    runDirectory?: string
    resume?: boolean
    signal: AbortSignal
    argv: string[]
    onStart(begin: RunBegin): void
    onEvent(event: Event): void
  }): Promise<Summary>
  /** The summary for people; `chart` comes before it, once the panel is closed. */
  chart?(summary: Summary): string
  text(summary: Summary): string
}

/**
 * Runs in the panel, renewing the page at checkpoints, then writes it and prints the summary. The first signal stops the run at a safe point. Before the
 * error that ends a run it says how far the run is saved.
 * @throws Exit for a run that was interrupted
 */
export async function runInPanel<Summary extends RunSummary, Event extends RunEvent>(
  given: PanelRun<Summary, Event>,
): Promise<void> {
  const { command, flags, io } = given
  const summary = await withPanel(given)
  if (flags.json) await print(io.stdout, jsonLine(summary))
  if (summary.interrupted) {
    await sayHowToContinue(command, summary, io)
    throw new Exit(exitCodes.interrupted)
  }
}

async function withPanel<Summary extends RunSummary, Event extends RunEvent>({
  flags,
  model,
  io,
  people,
  place,
  panel,
  run,
  chart,
  text,
}: PanelRun<Summary, Event>): Promise<Summary & { report?: string }> {
  const stop = new AbortController()
  const release = stopOnSignals(stop, io, undefined, panel.aside)
  let started: string | undefined
  const pages = renewReport(() => reportOf(started!, model, { offline: true }))
  try {
    const summary = await run({
      runDirectory: flags.run,
      resume: flags.resume,
      signal: stop.signal,
      argv: process.argv.slice(2),
      onStart(begin) {
        started = begin.runDirectory
        people.write(startText(begin, place))
      },
      onEvent(event) {
        panel.onEvent(event)
        pages.onEvent(event)
      },
    })
    panel.close()
    await pages.settled()
    const drawn = chart?.(summary) ?? ''
    if (drawn !== '') await print(people, `\n${drawn}\n`)
    const report = await writeReport(summary, io)
    await print(people, `\n${text(summary)}${report === undefined ? '' : `report      ${report}\n`}`)
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
