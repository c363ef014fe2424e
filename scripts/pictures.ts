/**
 * Makes the pictures of the README from a finished quick start: docs/images/panel.png and docs/images/report.png.
 *
 *     npx isentrope quickstart && npm run pictures
 *
 * The panel is drawn by the code that draws it during a run, from the run's own metrics. Needs Chromium (CHROMIUM=path).
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

process.env.FORCE_COLOR = '1'
const { default: pc } = await import('picocolors')
const { loadRecipe } = await import('../src/recipe/index.js')
const { renderComparison } = await import('../src/report/pages/compare/page.js')
const { renderPanel } = await import('../src/report/terminal/panel/live.js')
const { trainView } = await import('../src/report/terminal/panel/view.js')
const { readHistory } = await import('../src/run/store/history.js')
const { runPaths } = await import('../src/run/store/run-directory.js')

const root = process.argv[2] ?? 'runs/quickstart-seed-0'
const to = 'docs/images'
const columns = 96

const runs = [
  ['grpo', 'GRPO'],
  ['clip-b', 'Clip_B'],
  ['clip-v', 'Clip_V'],
].map(([key, name]) => ({
  name: name!,
  directory: join(root, key!),
  recipe: loadRecipe(join(root, key!, 'config.yaml')),
}))

/** The live panel as it stands after the last step of a run. */
function panel({ name, directory, recipe }: (typeof runs)[number]): string {
  const { steps, evaluations } = readHistory(runPaths(directory))
  const curves = trainView.curves.map(({ value }) => steps.map((step) => value(step) ?? Number.NaN))
  const state = {
    title: `${name}, seed ${recipe.seed}`,
    totalSteps: recipe.train.steps,
    curves: [curves[0]!, curves[1]!] as [number[], number[]],
    metrics: steps.at(-1)!,
    heldOut: evaluations.at(-1)!,
    secondsGone: steps.reduce((sum, { rollout_seconds: a = 0, train_seconds: b = 0 }) => sum + a + b, 0),
    closed: true,
  }
  return renderPanel(trainView, state, columns, pc).join('\n')
}

/** The first chart of the comparison: from its heading to the line of steps. */
function chart(): string {
  const lines = renderComparison(runs, columns).split('\n')
  const first = lines.findIndex((line) => line.includes('Entropy'))
  return lines
    .slice(
      first,
      lines.findIndex((line, i) => i > first && line.trim() === ''),
    )
    .join('\n')
}

const colors: Record<string, string> = {
  31: '#f47067',
  32: '#6bc46d',
  33: '#daaa3f',
  34: '#6cb6ff',
  35: '#dcbdfb',
  36: '#76e3ea',
}

const esc = String.fromCharCode(27)
const sequence = new RegExp(`(${esc}\\[\\d+m)`)

/** Text with the escape sequences of picocolors, as HTML. */
function html(text: string): string {
  const style = { color: '', bold: false, dim: false }
  // A terminal gives every character one cell, whichever font draws it.
  const escaped = (part: string) =>
    part
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/\P{ASCII}/gu, '<i>$&</i>')
  return text
    .split(sequence)
    .map((part) => {
      const code = part.startsWith(esc) ? part.slice(2, -1) : undefined
      if (code === undefined) {
        const css = [
          style.color && `color:${style.color}`,
          style.bold && 'font-weight:bold',
          style.dim && 'opacity:.6',
        ].filter(Boolean)
        return part && `<span style="${css.join(';')}">${escaped(part)}</span>`
      }
      if (code === '1') style.bold = true
      else if (code === '2') style.dim = true
      else if (code === '22') style.bold = style.dim = false
      else style.color = colors[code] ?? ''
      return ''
    })
    .join('')
}

const terminal = `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; background: #1c2128; }
  pre { margin: 0; padding: 20px 24px; display: inline-block; color: #cdd9e5;
        font: 15px/1.25 'DejaVu Sans Mono', 'Menlo', 'Consolas', monospace; }
  i { font-style: normal; display: inline-block; width: 1ch; height: 1.25em; overflow: hidden; vertical-align: top; }
</style><pre>${html(`${pc.dim('$')} npx isentrope quickstart\n\n${runs.map(panel).join('\n\n')}\n\n${chart()}`)}</pre>`

const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path))
if (!executablePath) throw new Error('Chromium was not found: set CHROMIUM to its path')
mkdirSync(to, { recursive: true })
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  await page.setContent(terminal)
  await page.locator('pre').screenshot({ path: join(to, 'panel.png') })
  await page.setViewportSize({ width: 1100, height: 1090 })
  await page.goto(pathToFileURL(resolve(root, 'report.html')).href)
  // The figures that a reader looks at first; the page has many more. Its policy refuses added styles, so nodes go.
  await page.evaluate(() => {
    const shown = ['learning']
    for (const node of document.querySelectorAll('section')) if (!shown.includes(node.id)) node.remove()
    for (const node of document.querySelectorAll('header > :not(h1), nav, footer, details')) node.remove()
  })
  await page.screenshot({ path: join(to, 'report.png') })
} finally {
  await browser.close()
}
for (const name of ['panel.png', 'report.png'])
  console.log(join(to, name), readFileSync(join(to, name)).length, 'bytes')
