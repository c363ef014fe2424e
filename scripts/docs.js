// Writes the parts of docs/ that are made from the source: `npm run docs`, after a build. A test holds them to it.
import { readFileSync, writeFileSync } from 'node:fs'
import { replaceSection } from '../dist/base/marked-section.js'
import { figuresTable, headerOf, withHeader } from '../dist/cli/quickstart-figures.js'
import { methodsTable } from '../dist/entropy/methods/docs.js'
import { familyList, familyTable } from '../dist/model/families/docs.js'
import { trackerTable } from '../dist/trackers/docs.js'
import { evalTable, metricTables, sftTables } from '../dist/train/metrics/docs.js'

const figures = JSON.parse(readFileSync('quickstart/figures.json', 'utf8'))

const sections = [
  ['docs/methods.md', 'methods', methodsTable],
  ['README.md', 'families', familyList],
  ['docs/models.md', 'families', familyTable],
  ['docs/training.md', 'metrics', metricTables],
  ['docs/training.md', 'trackers', trackerTable],
  ['docs/sft.md', 'metrics', sftTables],
  ['docs/evaluation.md', 'metrics', evalTable],
  ['docs/log.md', 'quick start', () => figuresTable(figures)],
]

for (const [file, name, body] of sections) {
  writeFileSync(file, replaceSection(readFileSync(file, 'utf8'), name, body()))
}

for (const run of ['grpo', 'clip-b', 'clip-v']) {
  const file = `quickstart/${run}.yaml`
  writeFileSync(file, withHeader(readFileSync(file, 'utf8'), headerOf(figures, run)))
}
