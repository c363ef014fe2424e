/**
 * Renders the cases of test/golden/fuzz_templates.py, or of make_templates.py with a folder, and lists where the text differs from jinja2's. What jinja2 renders
 * and this project refuses by name is counted apart.
 *
 *   npx jiti scripts/compare-templates.ts cases.jsonl
 */
import { readFileSync } from 'node:fs'
import { compileChatTemplate } from '../src/model/template/chat.js'

const [{ variables = {}, tokens = {} }, ...cases] = readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line))
const counts = { same: 0, bothRefuse: 0, refused: 0, different: 0, accepted: 0 }
const refusals = new Map<string, number>()
for (const { template, name = template, messages = [], options = {}, text, error } of cases) {
  let got: string | undefined
  let reason = ''
  try {
    const { add_generation_prompt: addGenerationPrompt = false, ...rest } = options
    const compiled = compileChatTemplate(template, tokens)
    got = compiled.render(messages, { addGenerationPrompt, variables: { ...variables, ...rest } })
  } catch (cause) {
    reason = (cause as Error).message
  }
  if (got === undefined && text === undefined) counts.bothRefuse++
  else if (got === text) counts.same++
  else if (got === undefined && /is not supported/.test(reason)) {
    counts.refused++
    const what = reason.replace(/.*: (.*) is not supported.*/s, '$1')
    refusals.set(what, (refusals.get(what) ?? 0) + 1)
  } else {
    counts[text === undefined ? 'accepted' : 'different']++
    console.log(
      JSON.stringify({
        name,
        ...(messages.length > 0 ? { messages, options } : {}),
        expected: text ?? `error ${error}`,
        got: got ?? `error ${reason}`,
      }),
    )
  }
}
console.error(counts)
console.error(Object.fromEntries([...refusals].sort(([, a], [, b]) => b - a).slice(0, 30)))
process.exitCode = counts.different + counts.accepted > 0 ? 1 : 0
