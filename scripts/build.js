// Compiles src/ into dist/. Runs by itself after `npm ci` (the `prepare` script), so a checkout is ready to use.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
const built = join(root, 'dist')
// Aside, and then by rename: a first `npx isentrope` builds as well, and a run that is under way loads its modules as it needs
// them. What does not compile leaves the last build in place.
const aside = `${built}.new-${process.pid}`
const old = `${built}.old-${process.pid}`
try {
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', aside], {
    stdio: 'inherit',
    cwd: root,
  })
  // What the compiler does not carry over: the style and the scripts that reports put into their pages.
  for (const assets of [join('report', 'html', 'assets'), join('report', 'live', 'assets')]) {
    cpSync(join(root, 'src', assets), join(aside, assets), { recursive: true })
  }
  // The schemas that recipes name in their first line.
  const load = (path) => import(pathToFileURL(join(aside, path)).href)
  const { editorSchema } = await load('base/schema/json-schema.js')
  const { recipeSchema } = await load('recipe/schema.js')
  const { sftSchema } = await load('recipe/sft-recipe.js')
  for (const [name, schema] of [
    ['recipe', recipeSchema],
    ['sft-recipe', sftSchema],
  ]) {
    writeFileSync(join(aside, `${name}.schema.json`), `${JSON.stringify(editorSchema(schema), null, 1)}\n`)
  }
  // The scripts that shells read at their start, so that they need not wait for every command to load.
  const { shells } = await load('cli/completion.js')
  const { completionScript } = await load('cli/completion-program.js')
  mkdirSync(join(aside, 'cli', 'completions'))
  for (const shell of shells) writeFileSync(join(aside, 'cli', 'completions', shell), await completionScript(shell))
  if (existsSync(built)) renameSync(built, old)
  try {
    renameSync(aside, built)
  } catch (error) {
    // Another build of the same sources may have been quicker.
    if (!existsSync(built)) throw error
  }
} finally {
  for (const directory of [aside, old]) rmSync(directory, { recursive: true, force: true })
}
