/** The curves of a run, or of several on the same axes. */
import { Curve } from './curve.js'
import { address, get, heading, remember, showing } from './page.js'
import { columnOf, evaluationMetrics, mergedRun } from './series.js'

const { $, make } = globalThis.report

export const runView = (id) => curvesView([id], false)
export const compareView = (ids) => curvesView(ids, true)

async function curvesView(ids, comparing) {
  const query = new URLSearchParams(location.search)
  const state = {
    find: query.get('find') ?? '',
    x: query.get('x') ?? 'step',
    smooth: Number(query.get('smooth') ?? 0),
    log: query.get('log') === '1',
    band: query.get('band') === '1',
  }
  const runs = new Map()
  const charts = new Map()
  const pinned = new Set(JSON.parse(localStorage.getItem('pinned') ?? '["reward_mean","entropy_nats"]'))
  const view = {
    state,
    comparing,
    pinned,
    runs: () => [...runs.values()],
    pin(key) {
      if (!pinned.delete(key)) pinned.add(key)
      localStorage.setItem('pinned', JSON.stringify([...pinned]))
      draw()
    },
  }
  const main = $('#main')
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) charts.get(target.dataset.key)?.build()
  })

  const controls = make('div', undefined, { class: 'controls' })
  const links = make('p', undefined, { class: 'links' })
  const sections = make('div')
  const warnings = make('div')
  const settings = make('div')
  main.replaceChildren(links, controls, warnings, sections, settings)
  buildControls()

  function buildControls() {
    const field = (title, element, attributes = {}) => {
      const label = make('label', title, attributes)
      label.append(element)
      return label
    }
    const find = make('input', undefined, { type: 'search', value: state.find, placeholder: 'e.g. entropy' })
    find.addEventListener('input', () => {
      state.find = find.value
      draw()
    })
    const select = (key, options) => {
      const element = make('select')
      for (const [value, text] of options) element.append(make('option', text, { value }))
      element.value = String(state[key])
      element.addEventListener('change', () => {
        state[key] = key === 'smooth' ? Number(element.value) : element.value
        draw()
      })
      return element
    }
    const check = (key, title) => {
      const box = make('input', undefined, { type: 'checkbox' })
      box.checked = state[key]
      box.addEventListener('change', () => {
        state[key] = box.checked
        draw()
      })
      const label = make('label', undefined, { class: 'check' })
      label.append(box, title)
      return label
    }
    controls.append(
      field('Find a metric', find, { class: 'grow' }),
      field(
        'Along',
        select('x', [
          ['step', 'steps'],
          ['tokens', 'tokens'],
          ['time', 'minutes'],
        ]),
      ),
      field(
        'Smoothing',
        select('smooth', [
          [0, 'none'],
          [5, 'mean of 5'],
          [10, 'mean of 10'],
          [25, 'mean of 25'],
          [50, 'mean of 50'],
        ]),
      ),
      check('log', 'logarithmic'),
      ...(comparing ? [check('band', 'band over seeds')] : []),
    )
  }

  async function load(changed) {
    if (changed !== undefined && !changed.some((id) => ids.includes(id))) return
    await showing(async () => {
      await Promise.all(
        ids.map(async (id) => {
          const known = runs.get(id)
          const from = known ? Math.max(0, known.count) : 0
          let answer = await get(address(`/api/runs/${id}`, { from }))
          if (known && answer.series.generation !== known.generation) answer = await get(`/api/runs/${id}`)
          runs.set(id, mergedRun(known, answer))
        }),
      )
      describe()
      draw()
    })
  }

  function describe() {
    const list = [...runs.values()].map(({ run }) => run)
    if (comparing) {
      heading(`${list.length} runs`, list.map(({ name }) => name).join(', '), [['Compare']])
      links.replaceChildren()
      return
    }
    const [run] = list
    const left = run.secondsLeft === undefined ? '' : `, about ${Math.ceil(run.secondsLeft / 60)} min left`
    heading(
      run.name,
      `${run.status}, step ${run.step} of ${run.steps ?? '?'}${left} · ${run.algorithm ?? ''} · ${run.method ?? 'none'} · ${run.model ?? ''}`,
      [[run.name]],
    )
    links.replaceChildren(
      make('a', 'Rollouts', { href: `/run/${run.id}/rollouts`, class: 'action' }),
      ' ',
      download('CSV of all metrics', () => csvOf(runs.get(run.id)), `${run.name.replaceAll('/', '-')}.csv`),
    )
    const { warnings: past, concerns } = runs.get(run.id)
    warnings.replaceChildren(
      ...(concerns.length === 0 ? [] : [concernList(concerns)]),
      ...(past.length === 0 ? [] : [warningList(past)]),
    )
    if (!settings.firstChild) {
      const details = make('details')
      details.append(make('summary', 'config.yaml'))
      details.addEventListener('toggle', async () => {
        if (details.children.length === 1)
          details.append(make('pre', await (await fetch(`/api/runs/${run.id}/config`)).text()))
      })
      settings.append(details)
    }
  }

  function draw() {
    remember({
      run: comparing ? ids : undefined,
      find: state.find,
      x: state.x === 'step' ? '' : state.x,
      smooth: state.smooth || '',
      log: state.log ? 1 : '',
      band: state.band ? 1 : '',
    })
    const known = new Map([...runs.values()].flatMap(({ metrics }) => metrics.map((metric) => [metric.key, metric])))
    const words = state.find.toLowerCase().split(/\s+/)
    const fits = ({ key, title }) => words.every((word) => `${key} ${title}`.toLowerCase().includes(word))
    const { topics } = [...runs.values()][0]
    const placed = new Set(topics.flatMap(({ keys }) => keys))
    const groups = [
      { title: 'Pinned', keys: [...pinned] },
      { title: 'Held-out evaluation', keys: Object.keys(evaluationMetrics), evaluation: true },
      ...topics,
      { title: 'More', keys: [...known.keys()].filter((key) => !placed.has(key)) },
    ]
    const wanted = new Map()
    const blocks = groups.flatMap(({ title, keys, evaluation }) => {
      const listed = keys.flatMap((key) => {
        const described = evaluation ? evaluationMetrics[key] : known.get(key)
        if (described === undefined) return []
        const metric = { ...described, key, evaluation, name: `${title}:${key}` }
        return fits(metric) && [...runs.values()].some((entry) => columnOf(entry, metric) !== undefined) ? [metric] : []
      })
      if (listed.length === 0) return []
      const section = make('section')
      const curves = make('div', undefined, { class: 'curves' })
      section.append(make('h2', title), curves)
      for (const metric of listed) {
        const chart = charts.get(metric.name) ?? new Curve(metric, view)
        wanted.set(metric.name, chart)
        curves.append(chart.figure)
      }
      return [section]
    })
    for (const [name, chart] of charts) {
      if (wanted.has(name)) continue
      seen.unobserve(chart.figure)
      chart.destroy()
    }
    charts.clear()
    for (const [name, chart] of wanted) charts.set(name, chart)
    const nothing = make('p', runs.size > 0 && known.size === 0 ? 'No step yet.' : 'No metric fits.')
    const before = scrollY
    sections.replaceChildren(...(blocks.length > 0 ? blocks : [nothing]))
    scrollTo({ top: before })
    for (const chart of charts.values()) {
      seen.observe(chart.figure)
      chart.refresh()
    }
  }

  await load()
  if (comparing) await showing(() => showDifferences(ids, settings, runs))
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of charts.values()) chart.shape = ''
    draw()
  })
  return { changed: load }
}

/** What is wrong now; the list of warnings has what was wrong once. */
function concernList(list) {
  const notice = make('div', undefined, { class: 'notice concerns' })
  const items = make('ul')
  for (const { text, advice } of list) {
    const item = make('li', `${text[0].toUpperCase()}${text.slice(1)}. ${advice}; see `)
    item.append(make('code', 'docs/faq.md'), '.')
    items.append(item)
  }
  notice.append(make('p', 'What to look at:'), items)
  return notice
}

function warningList(list) {
  const details = make('details')
  details.append(make('summary', list.length === 1 ? '1 warning' : `${list.length} warnings`))
  const items = make('ul')
  for (const { step, message } of list.slice(-50).reverse()) items.append(make('li', `step ${step}: ${message}`))
  details.append(items)
  return details
}

function csvOf({ columns }) {
  const keys = Object.keys(columns)
  const rows = columns.step.map((_, i) => keys.map((key) => columns[key][i] ?? '').join(','))
  return [keys.join(','), ...rows].join('\n')
}

function download(title, textOf, name) {
  const button = make('button', title, { class: 'action', type: 'button' })
  button.addEventListener('click', () => {
    const href = URL.createObjectURL(new Blob([textOf()], { type: 'text/csv' }))
    make('a', undefined, { href, download: name }).click()
    URL.revokeObjectURL(href)
  })
  return button
}

async function showDifferences(ids, place, runs) {
  const { differences } = await get(address('/api/compare', { run: ids }))
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
  place.replaceChildren(section)
}
