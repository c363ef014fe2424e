import { basename, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { UserError } from '../base/errors.js'
import { type Atlas, methodAtlas } from '../report/atlas/atlas.js'
import { renderAtlasPage } from '../report/atlas/page.js'
import { renderAtlas } from '../report/atlas/text.js'
import { realDisk, replaceFile } from '../run/store/disk.js'
import { type EngineOptions, newCommand, numberOption, withEngine } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { locatedModel } from './located-model.js'

const help = `
Applies every entropy method to recorded rollouts. Reports what each leaves of the update: the share of tokens, the share of
the update mass that raises entropy and of that which lowers it (rewarded and punished samples separately), and the predicted
dH compared with plain GRPO's. PPO's clip stays on, as in training, except for methods that replace it. Options come from the
run's recipe, or else are the methods' defaults (docs/methods.md). The whole batch of a step counts as one optimizer step. A
KL term to a reference is left out. The adaptive bonus uses its largest coefficient if the batch's entropy is at or below its
target, and otherwise none.

In the recorded rollouts every importance ratio r is 1, as in a batch's first update. PPO's clip and the other rules on the
ratio then keep everything. quantile-advantage gets the advantages that it would have given. --model scores the same tokens
with another policy and uses its r, entropies, and scores. A later checkpoint of the run shows what a later update on the
same batch would do: the checkpoint of step K with the rollouts of step K shows the second update.

With --json, prints one object. Shares with an empty denominator are omitted, and unknown values are null:
  {source, steps, model, tokens, trainableTokens, entropy, ratio, mass,
   rows, statements}
  rows        [{method, tokensKept, positive: {raising, lowering}, negative, predictedDH, bonusDH, againstGrpo}]
  statements  [{id, text, criterion, verdict, figures}]

Examples:
  $ isentrope atlas runs/arithmetic
  $ isentrope atlas runs/arithmetic --steps 37-40 --out atlas.html
  $ isentrope atlas runs/arithmetic --model runs/arithmetic/checkpoints/step-000040/model
  $ isentrope atlas runs/arithmetic/rollouts/step-000012.parquet --json
`

interface AtlasFlags extends Omit<EngineOptions, 'adapter'> {
  steps?: { first: number; last: number }
  model?: string
  temperature?: number
  mu?: number
  trust?: boolean
  json?: boolean
  out?: string
}

function stepsOption(text: string): { first: number; last: number } {
  if (text === 'all') return { first: 0, last: Number.POSITIVE_INFINITY }
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  if (!match || last < first) throw new InvalidArgumentError('It must be a step, FIRST-LAST or all.')
  return { first, last }
}

export function atlasCommand(io: Io = processIo): Command {
  const command = newCommand('atlas', help)
    .argument('<run>', 'run directory, or a file from its rollouts/')
    .option('--steps <range>', 'steps: K, FIRST-LAST, or all (default: the last)', stepsOption)
    .option('-m, --model <model>', 'policy to compute r, entropies, and scores with (default: the recorded ones)')
    .option(
      '--temperature <t>',
      "temperature of the rollouts, for --model (default: the run's)",
      numberOption({ minimum: 0, exclusive: true }),
    )
    .option(
      '--mu <sigmas>',
      "bound of clip-b and clip-v if the run's recipe has none (default: 2)",
      numberOption({ minimum: 0 }),
    )
    .option('--trust', "load task modules that the run's recipe names, if --model needs them")
    .option('--out <file>', 'write an HTML page')
    .option('--json', 'print JSON')
  return withEngine(command).action(async (path: string, flags: AtlasFlags) => {
    const { json, out, ...options } = flags
    if (options.temperature !== undefined && options.model === undefined) {
      throw new UserError('--temperature needs --model', {
        hint: 'the recorded statistics are of the temperature that was sampled at',
      })
    }
    const policy = options.model && (await locatedModel({ model: options.model, checkpoint: 'last' }, io))
    const atlas = await methodAtlas(path, {
      ...options,
      model: policy,
      onProgress: (done, total) => {
        if (io.stderr.isTTY)
          io.stderr.write(`\rscoring step ${Math.min(done + 1, total)} of ${total}${done === total ? '\n' : ''}`)
      },
    })
    if (out !== undefined) writePage(out, path, atlas)
    if (json) {
      await print(io.stdout, jsonLine(atlas))
    } else {
      await print(io.stdout, renderAtlas(atlas, Math.min(io.stdout.columns ?? 100, 110)))
    }
    if (out !== undefined) await print(io.stderr, `Wrote ${out}\n`)
  })
}

function writePage(out: string, path: string, atlas: Atlas): void {
  const page = renderAtlasPage(atlas, `Entropy methods on ${basename(resolve(path))}`)
  replaceFile(realDisk, out, page)
}
