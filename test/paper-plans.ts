/** What the plan says of the recipes under recipes/paper, from their models' configurations alone. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sketchModel } from '../src/model/open.js'
import { loadRecipe, type Recipe } from '../src/recipe/index.js'
import { formatBytes } from '../src/report/format.js'
import type { MemoryEstimate } from '../src/run/plan/micro-batch.js'
import { makePlan, type Plan } from '../src/run/plan/plan.js'
import { shapeOf } from '../src/run/train/parts.js'

const root = fileURLToPath(new URL('..', import.meta.url))
export const paperDirectory = join(root, 'recipes', 'paper')
export const paperDocs = join(root, 'docs', 'paper-recipes.md')

/** Of one prompt: DAPO-Math-17k's are shorter; the released configurations allow 1024. */
const promptTokens = 256

/** Runnable recipes by name; what begins with a line is shared. */
export const paperRecipes = (): string[] =>
  readdirSync(paperDirectory)
    .filter((file) => !file.startsWith('_'))
    .map((file) => basename(file, '.yaml'))
    .sort()

export const pathOf = (name: string): string => join(paperDirectory, `${name}.yaml`)
const fixtureOf = (name: string): string => join(root, 'test', 'fixtures', 'paper', name.replace(/-ppo$/, ''))

export async function paperPlan(name: string, sets: string[] = []): Promise<{ recipe: Recipe; plan: Plan }> {
  const recipe = loadRecipe(pathOf(name), sets)
  const shape = { ...shapeOf(await sketchModel(fixtureOf(name))), promptTokens }
  const { dtype } = recipe
  if (dtype === 'auto') throw new Error(`${name}: a plan for another machine needs a type`)
  return { recipe, plan: makePlan({ ...recipe, dtype }, shape, {}) }
}

/** `63.1 GiB on the GPU, 90.2 GiB of the host`. */
export const needsOf = ({ memory }: Plan): string =>
  memory!.devices
    .map(({ device, total }) => `${formatBytes(total)} ${device === 'host' ? 'of the host' : 'on the GPU'}`)
    .join(', ')

/** The header's line. */
export const headerOf = (plan: Plan): string => `# Planned memory: ${needsOf(plan)}. Not run.`

/** The table in docs/paper-recipes.md. */
export async function tableRows(): Promise<string[]> {
  const rows = paperRecipes().map(async (name) => {
    const { recipe, plan } = await paperPlan(name)
    const trained = recipe.lora ? `LoRA, rank ${recipe.lora.rank}` : 'all weights'
    const [gpu, host] = plan.memory!.devices.map(({ total }) => formatBytes(total))
    const phase = (parts: (keyof MemoryEstimate)[]) =>
      formatBytes(parts.reduce((sum, part) => sum + (plan.memory![part] as number), 0))
    return (
      `| [${name}](../recipes/paper/${name}.yaml) | ${recipe.algorithm.name.toUpperCase()} | ${trained} | ${gpu} | ${host} | ` +
      `${phase(['weights'])} | ${phase(['gradients', 'activations', 'masks'])} | ${phase(['cache'])} | ${recipe.rollout.batchSize} |`
    )
  })
  return [
    '| Recipe | Algorithm | Trained | GPU | Host | Weights | Gradients, activations, masks | Cache | Rows |',
    '|---|---|---|---|---|---|---|---|---|',
    ...(await Promise.all(rows)),
  ]
}
