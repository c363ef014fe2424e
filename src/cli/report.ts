import type { Command } from 'commander'
import { writeRunReport } from '../report/pages/run.js'
import { readRun, setting } from '../report/pages/run-data.js'
import { newCommand } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { tokenDecoder } from './token-decoder.js'

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
      const model = setting(readRun(run), 'model')
      // Without its tokenizer (a model that is gone by now) the samples show token ids.
      const decodeToken = model === undefined ? undefined : await tokenDecoder(model).catch(() => undefined)
      const report = await writeRunReport(run, { decodeToken, ...(out === undefined ? {} : { out }) })
      await print(io.stdout, json ? jsonLine({ report }) : `${report}\n`)
    })
}
