/** Chooses the page by the address, and keeps it current: the server says what has changed. */
import { controlView } from './control.js'
import { compareView, runView } from './curves.js'
import { say } from './page.js'
import { rolloutsView } from './rollouts.js'
import { runsView } from './runs.js'
import { tokensView } from './tokens.js'

const [, kind, id, part] = location.pathname.split('/')
const views = {
  '': () => runsView(),
  compare: () => compareView(new URLSearchParams(location.search).getAll('run')),
  run: () => ({ rollouts: rolloutsView, tokens: tokensView, control: controlView })[part]?.(id) ?? runView(id),
}

const view = await (views[kind] ?? views[''])()
const events = new EventSource('/events')
let lost = false
events.addEventListener('changed', ({ data }) => view?.changed?.(JSON.parse(data)))
events.addEventListener('ready', () => {
  // What a page says of a query stays until the next one; only the word about the lost server is taken back.
  if (!lost) return
  lost = false
  say('')
  view?.changed?.(undefined)
})
events.addEventListener('error', () => {
  lost = true
  say('The server does not answer; trying again. What is shown is what it said last.')
})
