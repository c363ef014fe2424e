// Writes the parts of docs/ that are made from the source: `npm run docs`, after a build. A test holds them to it.
import { readFileSync, writeFileSync } from 'node:fs'
import { replaceSection } from '../dist/base/marked-section.js'
import { methodsTable } from '../dist/entropy/methods/docs.js'
import { familyList, familyTable } from '../dist/model/families/docs.js'
import { trackerTable } from '../dist/trackers/docs.js'
import { evalTable, metricTables, sftTables } from '../dist/train/metrics/docs.js'

const sections = [
  ['docs/methods.md', 'methods', methodsTable],
  ['README.md', 'families', familyList],
  ['docs/models.md', 'families', familyTable],
  ['docs/training.md', 'metrics', metricTables],
  ['docs/training.md', 'trackers', trackerTable],
  ['docs/sft.md', 'metrics', sftTables],
  ['docs/evaluation.md', 'metrics', evalTable],
]

for (const [file, name, body] of sections) {
  writeFileSync(file, replaceSection(readFileSync(file, 'utf8'), name, body()))
}
