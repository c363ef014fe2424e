/**
 * Writes what the plan says into the headers of recipes/paper and the table of docs/paper-recipes.md; a test holds them to
 * it.
 *
 *     npx jiti scripts/paper-plans.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { headerOf, paperDocs, paperPlan, paperRecipes, pathOf, tableRows } from '../test/paper-plans.js'

for (const name of paperRecipes()) {
  const { plan } = await paperPlan(name)
  const text = readFileSync(pathOf(name), 'utf8')
  writeFileSync(pathOf(name), text.replace(/^# Planned memory: .*$/m, headerOf(plan)))
}
const docs = readFileSync(paperDocs, 'utf8')
const rows = (await tableRows()).join('\n')
writeFileSync(paperDocs, docs.replace(/(<!-- plans -->\n\n)[\s\S]*?(\n?<!-- end -->)/, `$1${rows}\n\n<!-- end -->`))
