/** The pages and what they load: style, scripts, and nothing from elsewhere. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Hono } from 'hono'
import { shell } from './shell.js'

const require = createRequire(import.meta.url)

const scripts = [
  'app.js',
  'page.js',
  'runs.js',
  'curves.js',
  'curve.js',
  'board.js',
  'feed.js',
  'alternatives.js',
  'distribution.js',
  'series.js',
  'rollouts.js',
  'filter.js',
  'group.js',
  'tokens.js',
  'control.js',
  'histogram.js',
  'form.js',
]

function assets(): Record<string, { text: string; type: string }> {
  const own = (name: string) => readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8')
  const shared = (name: string) => readFileSync(new URL(`../html/assets/${name}`, import.meta.url), 'utf8')
  const library = (name: string) => readFileSync(require.resolve(`uplot/dist/${name}`), 'utf8')
  const css = 'text/css; charset=utf-8'
  const js = 'text/javascript; charset=utf-8'
  const style = [
    library('uPlot.min.css'),
    ...['page.css', 'figures.css', 'tokens.css', 'media.css'].map(shared),
    own('live.css'),
  ]
  return {
    '/assets/style.css': { text: style.join('\n'), type: css },
    '/assets/uplot.js': { text: library('uPlot.iife.min.js'), type: js },
    '/assets/common.js': { text: shared('common.js'), type: js },
    ...Object.fromEntries(scripts.map((name) => [`/assets/${name}`, { text: own(name), type: js }])),
  }
}

/** Every page is the same document; its script fills it by the address. */
const pages = ['/', '/compare', '/run/:id', '/run/:id/rollouts', '/run/:id/tokens', '/run/:id/control']

export function addPages(app: Hono): void {
  for (const [path, asset] of Object.entries(assets())) {
    app.get(path, (c) => c.body(asset.text, 200, { 'Content-Type': asset.type }))
  }
  for (const path of pages) app.get(path, (c) => c.html(shell()))
}
