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
Puts recorded rollouts through every entropy method and says what each leaves of the update: the share of tokens, the
share of the update mass that raises entropy and of that which lowers it (rewarded and punished samples apart), and the
predicted dH beside plain GRPO's. Each method acts beside PPO's clip, as in training, except those that replace it.
Options come from the run's recipe where it gives them, else they are the methods' defaults (docs/methods.md). A step's
whole batch counts as one optimizer step; a KL term to a reference is left out. The adaptive bonus has its largest
coefficient where the batch's entropy is at or below its target, else none.

On the rollouts as recorded every importance ratio r is 1, as in a batch's first update: PPO's clip, dual clip, CISPO,
GSPO and KL-Cov then keep everything. --model scores the same tokens under another policy, and r, entropies and scores
are that policy's. A later checkpoint of the run shows what a later update on the same batch would do: with the rollouts
of step K and the checkpoint of step K, the second one; with those of steps before K, ever staler ones.

With --json, prints {source, steps, model, tokens, trainableTokens, entropy, ratio, mass, rows: [{method, tokensKept,
positive: {raising, lowering}, negative, predictedDH, bonusDH, againstGrpo}], statements: [{id, text, criterion, verdict,
figures}]}. A share that has nothing to be taken of is absent; what is not known is null.

Examples:
  $ isentrope atlas runs/arithmetic
  $ isentrope atlas runs/arithmetic --steps 37-40 --model runs/arithmetic/checkpoints/step-000040/model --out atlas.html
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
    .argument('<run>', 'a run directory, or a file of its rollouts/')
    .option('--steps <range>', "steps of the run: K, FIRST-LAST or all (default: the run's last)", stepsOption)
    .option('-m, --model <model>', 'policy to take r, entropies and scores from (default: the recorded ones, r = 1)')
    .option(
      '--temperature <t>',
      "T of the rollouts, for --model (default: the run's)",
      numberOption({ minimum: 0, exclusive: true }),
    )
    .option(
      '--mu <sigmas>',
      "width of clip-b and clip-v where the run's recipe has none (default: 2)",
      numberOption({ minimum: 0 }),
    )
    .option('--trust', "load the code that the run's recipe names, where --model needs its task")
    .option('--out <file>', 'write a page with the picture')
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
