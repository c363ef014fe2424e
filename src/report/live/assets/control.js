/** What controls a run's entropy, and how far the predictions hold. */
import { Board } from './board.js'
import { Feed } from './feed.js'
import { curveFields, curveQuery, curveState } from './form.js'
import { elementOf, get, heading, notices, remember, showing } from './page.js'

const { $, make } = globalThis.report

export async function controlView(id) {
  const state = curveState(new URLSearchParams(location.search))
  const feed = new Feed([id])
  const keep = () => remember(curveQuery(state))
  const view = { state, comparing: false, pinned: new Set(), runs: () => feed.list(), changed: keep }
  const board = new Board(view)
  const told = make('div')
  const facts = make('dl', undefined, { class: 'tiles' })
  const controls = make('div', undefined, { class: 'controls' })
  controls.append(...curveFields(state, draw))
  $('#main').replaceChildren(told, facts, controls, board.place)
  let shown

  async function load(changed) {
    if (!feed.concerns(changed)) return
    await showing(async () => {
      const [answer] = await Promise.all([get(`/api/runs/${id}/control`), feed.load()])
      shown = answer
      const [{ run, concerns, warnings }] = feed.list()
      heading('Control', `What holds or moves the entropy of ${run.name}, step ${run.step} of ${run.steps ?? '?'}.`, [
        [run.name, `/run/${id}`],
        ['Control'],
      ])
      told.replaceChildren(...notices(concerns, warnings))
      facts.replaceChildren(...shown.facts.map(tile))
      draw()
    })
  }

  function draw() {
    keep()
    if (!shown) return
    const block = (title, { intro, figures, parts }) =>
      figures.length + parts.length === 0
        ? []
        : [{ title, intro, metrics: figures.map((figure) => metricOf(title, figure)), parts: parts.map(elementOf) }]
    const blocks = [...block('Target, thresholds, and masks', shown.control), ...block('Ledger', shown.ledger)]
    board.draw(blocks, 'No step has ended yet.')
    if (shown.ledger.parts.length === 0 && blocks.length > 0)
      board.place.append(
        make('p', 'This run has no ledger so far: `ledger: {every: 25}` in the recipe measures every 25th step.', {
          class: 'intro',
        }),
      )
  }

  await load()
  return { changed: load }
}

const metricOf = (title, { id, members, ...figure }) => ({
  ...figure,
  key: id,
  name: `${title}:${id}`,
  members,
})

function tile({ label, value, note }) {
  const group = make('div')
  const description = make('dd')
  description.append(make('div', value, { class: 'value' }))
  if (note) description.append(make('div', note, { class: 'note' }))
  group.append(make('dt', label), description)
  return group
}
