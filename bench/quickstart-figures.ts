/**
 * Measures the figures that quickstart/*.yaml and docs/log.md state, and writes quickstart/figures.json. Then run
 * `npm run docs`, which puts them in their places.
 *
 *     npm run figures:quickstart [-- --dir runs/quickstart-figures]
 *
 * Trains the three recipes from seed 0, and both clips at mu 1.25. On a processor with AVX-512 the recipes run a second time
 * with AVX2 kernels, as a processor without it computes. About 25 minutes on an idle core. Runs in --dir that are there
 * are resumed, or kept if they are finished.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { FiguresRun, HeldOutFigures, QuickstartFigures } from '../src/cli/quickstart-figures.js'
import { loadRecipe } from '../src/recipe/index.js'
import type { RunEnvironment } from '../src/run/store/environment.js'
import type { EvalMetrics } from '../src/train/events.js'

const { values: options } = parseArgs({ options: { dir: { type: 'string', default: 'runs/quickstart-figures' } } })

/** Instructions of the engine's three libraries of kernels. */
const avx2 = { ATEN_CPU_CAPABILITY: 'avx2', MKL_ENABLE_INSTRUCTIONS: 'AVX2', ONEDNN_MAX_CPU_ISA: 'AVX2' }
const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : ''
const hasAvx512 = /\bavx512f\b/.test(flags)

interface Planned {
  run: string
  kernels: FiguresRun['kernels']
  recipe: string
  set: string[]
}

const mu = (value: number) => [`entropy.muLow=${value}`, `entropy.muHigh=${value}`]
const recipes = ['grpo', 'clip-b', 'clip-v']
const planned: Planned[] = [
  ...recipes.map((run): Planned => ({ run, kernels: 'native', recipe: run, set: [] })),
  ...(hasAvx512 ? recipes.map((run): Planned => ({ run, kernels: 'avx2', recipe: run, set: [] })) : []),
  ...['clip-b', 'clip-v'].map(
    (recipe): Planned => ({ run: `${recipe} 1.25`, kernels: 'native', recipe, set: mu(1.25) }),
  ),
]

const evaluationsOf = (directory: string): EvalMetrics[] =>
  existsSync(join(directory, 'eval.jsonl'))
    ? readFileSync(join(directory, 'eval.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

function finished({ run, kernels, recipe, set }: Planned): { directory: string; evaluations: EvalMetrics[] } {
  const file = `quickstart/${recipe}.yaml`
  const { train } = loadRecipe(file, set)
  const directory = join(options.dir, kernels, run.replace(' ', '-'))
  if (evaluationsOf(directory).at(-1)?.step !== train.steps) {
    const given = ['train', file, '--run', directory, ...set.flatMap((each) => ['--set', each])]
    const { status } = spawnSync(
      'node',
      ['bin/isentrope.js', ...given, ...(existsSync(directory) ? ['--resume'] : [])],
      {
        stdio: 'inherit',
        env: { ...process.env, ...(kernels === 'avx2' ? avx2 : {}) },
      },
    )
    if (status !== 0) throw new Error(`isentrope ${given.join(' ')} ended with ${status}`)
  }
  return { directory, evaluations: evaluationsOf(directory) }
}

const heldOut = ({ entropy_nats, avg_at_k, pass_at_k }: EvalMetrics): HeldOutFigures => {
  if (avg_at_k === undefined || pass_at_k === undefined) throw new Error('the task gives no verdict')
  return { entropy_nats, avg_at_k, pass_at_k }
}

/** `Intel(R) Xeon(R) Processor` in words, with the instructions that matter. */
const inWords = (cpu: string) =>
  `${cpu.replaceAll(/\((R|TM)\)| Processor| CPU| @.*/g, '').trim()}${hasAvx512 ? ' with AVX-512' : ''}`

const done = planned.map((each) => ({ ...each, ...finished(each) }))
const [first] = done
const environment: RunEnvironment = JSON.parse(readFileSync(join(first.directory, 'environment.json'), 'utf8'))
const { samples, problems, step: steps } = first.evaluations.at(-1)!
const figures: QuickstartFigures = {
  seed: environment.seed,
  steps,
  problems,
  samples,
  cpu: inWords(environment.cpu),
  threads: environment.threads,
  engine: environment.engine.replace('libtorch', 'LibTorch').replace(/\+.*/, ''),
  node: environment.node.replace('v', ''),
  runs: done.map(({ run, kernels, evaluations }) => ({
    run,
    kernels,
    start: heldOut(evaluations[0]),
    end: heldOut(evaluations.at(-1)!),
  })),
}
writeFileSync('quickstart/figures.json', `${JSON.stringify(figures, null, 2)}\n`)
