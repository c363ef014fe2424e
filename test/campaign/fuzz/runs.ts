/** Recipes, and the files of a run directory. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { loadRecipe, recipeWarnings } from '../../../src/recipe/index.js'
import { writeRunReport } from '../../../src/report/pages/run/run.js'
import { findResumePoint } from '../../../src/run/store/checkpoint.js'
import { readHistory } from '../../../src/run/store/history.js'
import { runPaths } from '../../../src/run/store/run-directory.js'
import { readLoopState } from '../../../src/train/loop-state.js'
import type { FuzzedFormat, MakeFormat } from './format.js'
import { changedText, changeJson, damageJson, damageJsonLines, damageText } from './mutate.js'

const run = 'test/fixtures/runs/before/grpo'
/** Whole ones: a base is found beside the file. */
const recipes = ['quickstart/grpo.yaml', `${run}/config.yaml`]

/** Damage of the text, or of the value: JSON is YAML. */
const damageYaml: FuzzedFormat['damage'] = (file, choices) =>
  choices.below(2) === 0
    ? damageText(file, choices)
    : Buffer.from(changedText(changeJson(parse(file.toString()), choices)))

export const recipe: MakeFormat = (directory) => ({
  seeds: recipes.map((path) => readFileSync(path)),
  damage: damageYaml,
  read(file) {
    const path = join(directory, 'recipe.yaml')
    writeFileSync(path, file)
    recipeWarnings(loadRecipe(path))
  },
})

export const metrics: MakeFormat = (directory) => {
  cpSync(run, directory, { recursive: true })
  const paths = runPaths(directory)
  return {
    seeds: [readFileSync(join(run, 'metrics.jsonl'))],
    damage: damageJsonLines,
    async read(file) {
      writeFileSync(paths.metrics, file)
      await writeRunReport(directory)
      readHistory(paths)
    },
  }
}

export const state: MakeFormat = (directory) => {
  const checkpoint = join(directory, 'checkpoints/step-000002')
  mkdirSync(join(checkpoint, 'model'), { recursive: true })
  const options = loadRecipe(join(run, 'config.yaml'))
  return {
    seeds: [readFileSync(join(run, 'checkpoints/step-000002/state.json'))],
    damage: damageJson,
    read(file) {
      writeFileSync(join(checkpoint, 'state.json'), file)
      const { checkpoint: found } = findResumePoint(runPaths(directory))
      readLoopState(found?.loop, options)
    },
  }
}
