/**
 * The atlas of the small policy in docs/methods.md: what each method keeps of the update mass that raises entropy and of that
 * which lowers it, on the rollouts of one run of GRPO at the mini scale of `isentrope reproduce`.
 *
 *     npm run figures:methods              make the run (40 steps, some minutes), and write the tables
 *     npm run figures:methods -- RUN       take a run that is there, with its rollouts and last checkpoint
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { replaceSection } from '../src/base/marked-section.js'
import { parseRecipe } from '../src/recipe/index.js'
import { type Atlas, methodAtlas } from '../src/report/atlas/atlas.js'
import { merge } from '../src/run/reproduce/plan.js'
import { mini } from '../src/run/reproduce/scales/mini.js'
import { methodVariant } from '../src/run/reproduce/variants.js'
import { stepName } from '../src/run/store/run-directory.js'
import { train } from '../src/run/train/train.js'

const page = 'docs/methods.md'
/** Recorded under policies that the last checkpoint is one update to eight steps ahead of. */
const lastSteps = 8

const number = (value: number, digits: number) =>
  value
    .toFixed(digits)
    .replace('-', '−')
    .replace(/^−(0\.?0*)$/, '$1')
const percent = (value: number | undefined, digits = 0) =>
  value === undefined ? '' : `${number(100 * value, digits)} %`
const thousandths = (value: number) => number(1000 * value, 2)

function table({ mass, rows }: Atlas, keeps: (row: Atlas['rows'][number]) => boolean): string {
  const whole = [mass.positive.raising, mass.positive.lowering, mass.negative.raising, mass.negative.lowering]
  const [unclipped, ...methods] = rows
  return [
    '| method | tokens kept | A>0 raises | A>0 lowers | A<0 raises | A<0 lowers | dH | to GRPO |',
    '|---|---|---|---|---|---|---|---|',
    `| whole mass | | ${whole.map(thousandths).join(' | ')} | ${thousandths(unclipped.predictedDH)} | ${thousandths(unclipped.againstGrpo)} |`,
    ...methods.filter(keeps).map(({ method, tokensKept, positive, negative, predictedDH, againstGrpo }) => {
      const shares = [positive.raising, positive.lowering, negative.raising, negative.lowering].map((one) =>
        percent(one),
      )
      const cells = [method, percent(tokensKept, 1), ...shares, thousandths(predictedDH), thousandths(againstGrpo)]
      return `| ${cells.join(' | ')} |`
    }),
  ].join('\n')
}

const given = process.argv[2]
const root = given === undefined ? mkdtempSync(join(tmpdir(), 'methods-atlas-')) : undefined
const run = given === undefined ? join(root!, 'run') : resolve(given)
try {
  const variant = mini.variants[methodVariant('ppo-clip')]
  const recipe = parseRecipe(merge(mini.base, variant.changes, { name: 'methods-atlas', seed: 1, model: mini.policy }))
  if (root !== undefined) await train(recipe, { runDirectory: run })
  const last = recipe.train.steps
  const recorded = await methodAtlas(run, { steps: { first: 1, last } })
  const model = join(run, 'checkpoints', stepName(last), 'model')
  const later = await methodAtlas(run, { steps: { first: last - lastSteps + 1, last }, model, threads: 1 })
  const count = ({ tokens, trainableTokens, entropy }: Atlas) =>
    `${tokens.toLocaleString('en-US')} tokens, ${trainableTokens.toLocaleString('en-US')} with A ≠ 0, mean entropy ${entropy.toFixed(3)}`
  const idle = recorded.rows.filter((row) => row.tokensKept === 1 && Math.abs(row.againstGrpo) < 1e-12).length
  const body = `
As recorded, all ${last} steps (${count(recorded)}), where r = 1.
The ${idle} rows in which a method keeps everything are left out.

${table(recorded, (row) => !(row.tokensKept === 1 && Math.abs(row.againstGrpo) < 1e-12))}

Under the checkpoint of step ${last}, steps ${last - lastSteps + 1} to ${last} (${count(later)}, r from ${later.ratio.min.toPrecision(2)} to
${later.ratio.max.toPrecision(2)}).

${table(later, () => true)}
`
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, replaceSection(text, 'atlas of the small policy', body, 'npm run figures:methods'))
} finally {
  if (root !== undefined) rmSync(root, { recursive: true, force: true })
}
