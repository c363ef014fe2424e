/** Every completion of a run: filtered, sorted, paged; each leads to its tokens. */
import { address, get, heading, remember, showing } from './page.js'

const { $, make, format } = globalThis.report

const pageSize = 50
const presets = [
  ['as sampled', '', ''],
  ['newest first', '', 'step DESC, prompt_id, sample'],
  ['best first', '', 'reward DESC, step'],
  ['worst first', '', 'reward, step'],
  ['longest first', '', 'length DESC'],
  ['highest entropy first', '', 'mean_entropy DESC'],
  ['most masked first', '', 'masked DESC'],
]

export async function rolloutsView(id) {
  const query = new URLSearchParams(location.search)
  const state = {
    where: query.get('where') ?? '',
    order: query.get('order') ?? '',
    offset: Number(query.get('offset') ?? 0),
  }
  const { run } = await get(`/api/runs/${id}`)
  heading('Rollouts', `Every completion of ${run.name}.`, [[run.name, `/run/${id}`], ['Rollouts']])

  const where = make('input', undefined, {
    type: 'text',
    value: state.where,
    placeholder: "reward = 0 AND length > 200 AND completion LIKE '%so%'",
  })
  const order = make('select')
  for (const [title, , sql] of presets) order.append(make('option', title, { value: sql }))
  order.value = state.order
  const label = (title, element, attributes = {}) => {
    const made = make('label', title, attributes)
    made.append(element)
    return made
  }
  const form = make('form', undefined, { class: 'controls' })
  form.append(
    label('Where (SQL)', where, { class: 'grow' }),
    label('Order', order),
    make('button', 'Show', { class: 'action' }),
  )
  const told = make('p', undefined, { class: 'subtitle', role: 'status' })
  const columnsOf = make('details')
  const listed = make('p')
  columnsOf.append(make('summary', 'Columns'), listed)
  const region = make('div', undefined, { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Completions' })
  const pages = make('p', undefined, { class: 'controls' })
  $('#main').replaceChildren(form, columnsOf, told, region, pages)

  const submit = () => {
    Object.assign(state, { where: where.value.trim(), order: order.value, offset: 0 })
    load()
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    submit()
  })
  order.addEventListener('change', submit)

  const load = () =>
    showing(async () => {
      remember({ ...state, offset: state.offset || '' })
      region.setAttribute('aria-busy', 'true')
      try {
        const { count, columns, rows } = await get(address(`/api/runs/${id}/rollouts`, { ...state, limit: pageSize }))
        const last = Math.min(count, state.offset + rows.length)
        told.textContent = count === 0 ? 'No completion fits.' : `${state.offset + 1} to ${last} of ${count}`
        listed.textContent = columns.join(', ')
        region.replaceChildren(...(rows.length > 0 ? [tableOf(id, rows, filterBy)] : []))
        turn(count)
      } finally {
        region.removeAttribute('aria-busy')
      }
    })

  function filterBy(condition) {
    where.value = condition
    submit()
  }

  function turn(count) {
    const to = (title, offset, enabled) => {
      const button = make('button', title, { class: 'action', type: 'button' })
      button.disabled = !enabled
      button.addEventListener('click', () => {
        state.offset = offset
        load()
      })
      return button
    }
    pages.replaceChildren(
      to('Earlier', Math.max(0, state.offset - pageSize), state.offset > 0),
      to('Later', state.offset + pageSize, state.offset + pageSize < count),
    )
  }

  await load()
  return {
    changed: (ids) =>
      (ids === undefined || ids.includes(id)) && state.offset === 0 && document.activeElement !== where && load(),
  }
}

const text = (value) => `'${String(value).replaceAll("'", "''")}'`

function tableOf(id, rows, filterBy) {
  const names = Object.keys(rows[0])
  const wide = new Set(['prompt', 'completion'])
  const table = make('table', undefined, { class: 'list' })
  const head = table.createTHead().insertRow()
  for (const name of ['', ...names])
    head.append(make('th', name || 'tokens', { scope: 'col', class: wide.has(name) ? 'text' : '' }))
  const body = table.createTBody()
  for (const row of rows) {
    const line = body.insertRow()
    const first = make('td', undefined, { class: 'text' })
    const { step, prompt_id: prompt, sample } = row
    first.append(
      make('a', 'look', {
        href: address(`/run/${id}/tokens`, { step, prompt, sample }),
        'aria-label': `tokens of step ${step}, ${prompt}, sample ${sample}`,
      }),
    )
    line.append(first)
    for (const name of names) {
      const value = row[name]
      const cell = make('td', undefined, { class: wide.has(name) ? 'wide' : '' })
      if (name === 'prompt_id') {
        // The group side by side: the same prompt at this step; and over all steps.
        const group = make('button', value, {
          class: 'action',
          type: 'button',
          title: 'show this prompt at every step',
        })
        group.addEventListener('click', () => filterBy(`prompt_id = ${text(value)}`))
        cell.append(group)
      } else if (name === 'step') {
        const same = make('button', value, { class: 'action', type: 'button', title: 'show this step' })
        same.addEventListener('click', () => filterBy(`step = ${value}`))
        cell.append(same)
      } else cell.textContent = typeof value === 'number' ? format(value) : value === null ? '–' : String(value)
      if (wide.has(name)) cell.title = String(value)
      line.append(cell)
    }
  }
  return table
}
