/** The curves of a run, or of several on the same axes. */
import { Board } from './board.js'
import { Feed } from './feed.js'
import { action, check, curveFields, curveQuery, curveState, field, save } from './form.js'
import { address, elementOf, get, heading, notices, remember, showing } from './page.js'
import { csvOf, evaluationMetrics, hasValues } from './series.js'

const { $, make } = globalThis.report

const usualPins = ['reward_mean', 'entropy_nats']

export const runView = (id) => curvesView([id], false)
export const compareView = (ids) => curvesView(ids, true)

async function curvesView(ids, comparing) {
  const query = new URLSearchParams(location.search)
  const state = { find: query.get('find') ?? '', ...curveState(query), band: query.get('band') === '1' }
  const feed = new Feed(ids)
  // A link brings the pins of whoever sent it; without any, those of this browser are shown.
  const given = query.get('pins')
  const pinned = new Set(
    given?.split(',').filter(Boolean) ?? JSON.parse(localStorage.getItem('pinned') ?? 'null') ?? usualPins,
  )
  const view = {
    state,
    comparing,
    pinned,
    runs: () => feed.list(),
    changed: keep,
    pin(key) {
      if (!pinned.delete(key)) pinned.add(key)
      localStorage.setItem('pinned', JSON.stringify([...pinned]))
      draw()
    },
  }
  const board = new Board(view)
  const links = make('div', undefined, { class: 'links controls' })
  const controls = make('div', undefined, { class: 'controls' })
  const told = make('div')
  const settings = make('div')
  $('#main').replaceChildren(links, told, controls, board.place, settings)

  const find = make('input', undefined, { type: 'search', value: state.find, placeholder: 'e.g. entropy' })
  find.addEventListener('input', () => {
    state.find = find.value
    draw()
  })
  controls.append(
    field('Find a metric', find, { class: 'grow' }),
    ...curveFields(state, draw),
    ...(comparing
      ? [
          check('band over seeds', state.band, (on) => {
            state.band = on
            draw()
          }),
        ]
      : []),
  )

  function keep() {
    remember({
      run: comparing ? ids : undefined,
      find: state.find,
      ...curveQuery(state),
      band: state.band ? 1 : '',
      pins: [...pinned].join() === usualPins.join() ? '' : [...pinned].join(),
    })
  }

  async function load(changed) {
    if (!feed.concerns(changed)) return
    await showing(async () => {
      await feed.load()
      describe()
      draw()
    })
  }

  function describe() {
    const entries = feed.list()
    const csv = (name) => action('CSV of all metrics', () => save(`${name}.csv`, csvOf(feed.list()), 'text/csv'))
    if (comparing) {
      heading(`${entries.length} runs`, entries.map(({ run }) => run.name).join(', '), [['Compare']])
      if (!links.firstChild) links.append(csv('runs'))
      return
    }
    const [{ run, warnings, concerns }] = entries
    const left = run.secondsLeft === undefined ? '' : `, about ${Math.ceil(run.secondsLeft / 60)} min left`
    heading(
      run.name,
      `${run.status}, step ${run.step} of ${run.steps ?? '?'}${left} · ${run.algorithm ?? ''} · ${run.method ?? 'none'} · ${run.model ?? ''}`,
      [[run.name]],
    )
    if (!links.firstChild) {
      links.append(
        make('a', 'Rollouts', { href: `/run/${run.id}/rollouts`, class: 'action' }),
        make('a', 'Control', { href: `/run/${run.id}/control`, class: 'action' }),
        csv(run.name.replaceAll('/', '-')),
      )
      settings.append(configOf(run))
    }
    told.replaceChildren(...notices(concerns, warnings))
  }

  function draw() {
    keep()
    const entries = feed.list()
    if (entries.length === 0) return
    const known = new Map(entries.flatMap(({ metrics }) => metrics.map((metric) => [metric.key, metric])))
    const words = state.find.toLowerCase().split(/\s+/)
    const fits = ({ key, title }) => words.every((word) => `${key} ${title}`.toLowerCase().includes(word))
    const [{ topics }] = entries
    const placed = new Set(topics.flatMap(({ keys }) => keys))
    const groups = [
      { title: 'Pinned', keys: [...pinned] },
      { title: 'Held-out evaluation', keys: Object.keys(evaluationMetrics), evaluation: true },
      ...topics,
      { title: 'More', keys: [...known.keys()].filter((key) => !placed.has(key)) },
    ]
    const blocks = groups.flatMap(({ title, keys, evaluation }) => {
      const metrics = keys.flatMap((key) => {
        const described = evaluation ? evaluationMetrics[key] : known.get(key)
        if (described === undefined) return []
        const metric = { ...described, key, evaluation, name: `${title}:${key}` }
        return fits(metric) && entries.some((entry) => hasValues(entry, metric)) ? [metric] : []
      })
      return metrics.length === 0 ? [] : [{ title, metrics }]
    })
    board.draw(blocks, state.find === '' ? 'No step has ended yet.' : 'No metric fits.')
  }

  await load()
  if (comparing) await showing(() => showDifferences(feed, settings))
  return { changed: load }
}

function configOf(run) {
  const details = make('details')
  details.append(make('summary', 'config.yaml'))
  details.addEventListener('toggle', async () => {
    if (details.children.length === 1)
      details.append(make('pre', await (await fetch(`/api/runs/${run.id}/config`)).text(), { tabindex: '0' }))
  })
  return details
}

/** Tests of the held-out figures, and the settings that differ. */
async function showDifferences(feed, place) {
  const { ids, runs } = feed
  const { differences, parts, notes } = await get(address('/api/compare', { run: ids }))
  const section = make('section')
  section.append(make('h2', 'Settings that differ'))
  if (differences.length === 0) section.append(make('p', 'None.'))
  else {
    const region = make('div', undefined, {
      class: 'table',
      tabindex: '0',
      role: 'region',
      'aria-label': 'Settings that differ',
    })
    const table = make('table')
    const head = table.createTHead().insertRow()
    head.append(
      make('th', 'Key', { scope: 'col' }),
      ...ids.map((id) => make('th', runs.get(id)?.run.name ?? id, { scope: 'col' })),
    )
    const body = table.createTBody()
    for (const { key, values } of differences) {
      const row = body.insertRow()
      row.append(make('th', key, { scope: 'row' }), ...values.map((value) => make('td', value ?? '–')))
    }
    region.append(table)
    section.append(region)
  }
  const tests = parts.map(({ title, intro, markup }) => {
    const part = make('section')
    part.append(make('h2', title), make('p', intro, { class: 'intro' }), elementOf(markup))
    return part
  })
  const list = make('ul', undefined, { class: 'notes' })
  list.append(...notes.map((note) => make('li', note)))
  place.replaceChildren(...tests, ...(notes.length > 0 ? [list] : []), section)
}
