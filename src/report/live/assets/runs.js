/** The table of runs. */
import { address, get, heading, remember, showing } from './page.js'

const { $, make, format } = globalThis.report

const duration = (seconds) => {
  if (seconds === undefined) return ''
  if (seconds < 90) return `${Math.round(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

const columns = [
  { key: 'name', title: 'Run', text: true },
  { key: 'status', title: 'Status', text: true },
  { key: 'step', title: 'Step' },
  { key: 'secondsLeft', title: 'Left', show: duration },
  { key: 'reward', title: 'Reward' },
  { key: 'entropy', title: 'Entropy (nats)' },
  { key: 'avgAtK', title: 'Avg@K' },
  { key: 'passAtK', title: 'Pass@K' },
  { key: 'method', title: 'Method', text: true },
  { key: 'seed', title: 'Seed' },
  { key: 'warnings', title: 'Warnings', text: true },
]

export async function runsView() {
  const query = new URLSearchParams(location.search)
  const state = { find: query.get('find') ?? '', sort: query.get('sort') ?? '', chosen: new Set(query.getAll('run')) }
  let runs = []
  heading('Runs', 'Newest first. Choose runs to compare them.')
  const find = make('input', undefined, {
    type: 'search',
    value: state.find,
    placeholder: 'name, method, model, status',
  })
  const compare = make('button', 'Compare', { class: 'action', type: 'button' })
  const label = make('label', 'Filter', { class: 'grow' })
  label.append(find)
  const controls = make('div', undefined, { class: 'controls' })
  controls.append(label, compare)
  const region = make('div', undefined, { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Runs' })
  $('#main').replaceChildren(controls, region)

  find.addEventListener('input', () => {
    state.find = find.value
    draw()
  })
  compare.addEventListener('click', () => location.assign(address('/compare', { run: [...state.chosen] })))

  const fits = (run) => {
    const text = [run.name, run.method, run.model, run.status, run.algorithm, ...run.concerns].join(' ').toLowerCase()
    return state.find
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  }

  function sorted(list) {
    const [key, direction] = state.sort.split(':')
    if (!key) return list.toSorted((a, b) => b.updated - a.updated)
    const sign = direction === 'desc' ? -1 : 1
    const order = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b)
    return list.toSorted((a, b) => {
      if (a[key] === undefined || b[key] === undefined) return (a[key] === undefined) - (b[key] === undefined)
      return sign * order(a[key], b[key])
    })
  }

  function headCell({ key, title, text }) {
    const [by, direction] = state.sort.split(':')
    const cell = make('th', undefined, { scope: 'col', ...(text ? { class: 'text' } : {}) })
    const button = make('button', title, { type: 'button' })
    if (by === key) cell.setAttribute('aria-sort', direction === 'desc' ? 'descending' : 'ascending')
    button.addEventListener('click', () => {
      state.sort = by === key && direction !== 'desc' ? `${key}:desc` : `${key}:asc`
      draw()
    })
    cell.append(button)
    return cell
  }

  function cellOf(run, { key, text, show }) {
    if (key === 'name') {
      const cell = make('th', undefined, { scope: 'row', class: 'text' })
      cell.append(make('a', run.name, { href: `/run/${run.id}` }))
      return cell
    }
    const cell = make('td', undefined, text ? { class: 'text' } : {})
    if (key === 'status') {
      cell.append(make('span', run.status, { class: `status ${run.status}` }))
    } else if (key === 'warnings') {
      cell.className = 'concerns'
      for (const concern of run.concerns) cell.append(make('span', concern, { class: 'concern' }))
      if (run.concerns.length === 0) cell.textContent = run.warnings === 0 ? '' : `${run.warnings} earlier`
    } else if (key === 'step' && run.steps !== undefined) {
      cell.append(
        make('progress', undefined, {
          value: run.step,
          max: run.steps,
          'aria-label': `step ${run.step} of ${run.steps}`,
        }),
      )
      cell.append(`${run.step}/${run.steps}`)
    } else if (show) cell.textContent = show(run[key])
    else cell.textContent = typeof run[key] === 'number' ? format(run[key], 3) : (run[key] ?? '')
    return cell
  }

  function draw() {
    remember({ find: state.find, sort: state.sort, run: [...state.chosen] })
    compare.disabled = state.chosen.size < 2
    compare.textContent = state.chosen.size < 2 ? 'Compare (choose two or more)' : `Compare ${state.chosen.size} runs`
    const shown = sorted(runs.filter(fits))
    if (shown.length === 0) {
      const none =
        runs.length === 0 ? 'No runs yet. A run appears here by itself when it starts.' : 'No run fits the filter.'
      region.replaceChildren(make('p', none))
      return
    }
    const table = make('table', undefined, { class: 'list' })
    const head = table.createTHead().insertRow()
    head.append(make('th', 'Choose', { scope: 'col', class: 'text' }), ...columns.map(headCell))
    const body = table.createTBody()
    for (const run of shown) {
      const row = body.insertRow()
      const box = make('input', undefined, { type: 'checkbox', 'aria-label': `choose ${run.name}` })
      box.checked = state.chosen.has(run.id)
      box.addEventListener('change', () => {
        if (box.checked) state.chosen.add(run.id)
        else state.chosen.delete(run.id)
        draw()
      })
      const first = make('td', undefined, { class: 'text' })
      first.append(box)
      row.append(first, ...columns.map((column) => cellOf(run, column)))
    }
    const focused = document.activeElement?.getAttribute('aria-label')
    region.replaceChildren(table)
    if (focused) region.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus()
  }

  const load = () =>
    showing(async () => {
      runs = await get('/api/runs')
      draw()
    })
  await load()
  return { changed: load }
}
