/**
 * The page around a report: one file that needs nothing else. Its content security policy lets in only the style and
 * the scripts that it carries (by their hashes), and no connection to anywhere.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Html, html, raw, toMarkup } from './markup.js'
import { fillPatterns } from './swatch.js'

export interface PageSection {
  id: string
  title: string
  /** One or two sentences under the heading. */
  intro?: string | Html
  body: Html
}

export interface Page {
  title: string
  /** Under the title: what this is, in a line. */
  subtitle?: string | Html
  lead?: Html
  sections: PageSection[]
  footer: Html
}

const require = createRequire(import.meta.url)

/** Files of assets/, in the order in which they build on each other. */
const styles = ['page.css', 'figures.css', 'tokens.css', 'media.css']
const scripts = ['common.js', 'charts.js', 'tokens.js']

/** The document as text, UTF-8. */
export function renderPage(page: Page): string {
  const style = [libraryFile('uPlot.min.css'), ...styles.map(asset)].join('\n')
  const library = `/*\n${packageFile('LICENSE')}\n*/\n${libraryFile('uPlot.iife.min.js')}`
  const script = scripts.map(asset).join('\n')
  const policy = [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(library)} ${hash(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="isentrope">
<title>${page.title}</title>
<style>${raw(style)}</style>
</head>
<body>
${fillPatterns()}
<a class="skip" href="#main">Skip to the figures</a>
<header class="top">
<h1>${page.title}</h1>
${page.subtitle && html`<p class="subtitle">${page.subtitle}</p>`}
${page.lead}
</header>
<nav class="bar" aria-label="Sections">
<ul>${page.sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul>
<label class="smooth" hidden>Smoothing <select></select></label>
</nav>
<main id="main">
<noscript><p class="notice">The line charts of this page are drawn by a script, and scripts are off.</p></noscript>
${page.sections.map(
  ({ id, title, intro, body }) => html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${intro && html`<p class="intro">${intro}</p>`}
${body}
</section>
`,
)}</main>
<footer>${page.footer}</footer>
<div id="tooltip" role="status" hidden></div>
<div id="spoken" class="unseen" aria-live="polite"></div>
<script>${raw(library)}</script>
<script>${raw(script)}</script>
</body>
</html>
`
  return toMarkup(document)
}

function packageFile(name: string): string {
  return unixLines(readFileSync(require.resolve(`uplot/${name}`), 'utf8'))
}

function libraryFile(name: string): string {
  return packageFile(`dist/${name}`)
}

function asset(name: string): string {
  return unixLines(readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8'))
}

/** A parser turns CRLF into LF before it compares hashes. */
function unixLines(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
