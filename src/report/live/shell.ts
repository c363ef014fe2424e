/** The page that every address gives; its script fills it by the address. */
import { html, raw, toMarkup } from '../html/markup.js'

export const shell = (): string =>
  toMarkup(html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>isentrope watch</title>
<link rel="stylesheet" href="/assets/style.css">
<link rel="icon" href="data:,">
</head>
<body class="live">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="crumbs"><a href="/">Runs</a><span id="crumbs"></span></p>
<h1 id="title">Runs</h1>
<p class="subtitle" id="subtitle"></p>
<p id="state" class="state" role="status" aria-live="polite"></p>
</header>
<main id="main"><noscript><p class="notice">These pages are drawn by a script, and scripts are off.</p></noscript></main>
<div id="tooltip" role="status" hidden></div>
<div id="spoken" class="unseen" aria-live="polite"></div>
<script src="/assets/uplot.js"></script>
<script src="/assets/common.js"></script>
<script type="module" src="/assets/app.js"></script>
</body>
</html>
`)
