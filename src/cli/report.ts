import type { Command } from 'commander'
import { readRun, setting } from '../report/pages/run/data.js'
import { newCommand } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { reportOf } from './run-command.js'

const help = `
Writes an HTML report with figures, settings, and completions with colored tokens, in one file that needs no network. The run
may be in progress, finished, or killed.

Examples:
  $ isentrope report runs/arithmetic
  $ isentrope report runs/arithmetic --out so-far.html
`

interface ReportFlags {
  out?: string
  json?: boolean
}

export function reportCommand(io: Io = processIo): Command {
  return newCommand('report', help)
    .argument('<run>', 'a run directory')
    .option('--out <file>', 'output file (default: report.html in the run directory)')
    .option('--json', 'print {"report": FILE}')
    .action(async (run: string, { out, json }: ReportFlags) => {
      const report = await reportOf(run, setting(readRun(run), 'model'), { out })
      await print(io.stdout, json ? jsonLine({ report }) : `${report}\n`)
    })
}
