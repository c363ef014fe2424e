/** Every completion of a run: filtered, sorted, paged; each leads to its tokens. */
import { conditionOf, filterFields, filterOf } from './filter.js'
import { action, choice, field } from './form.js'
import { groupView } from './group.js'
import { address, get, heading, remember, showing } from './page.js'

const { $, make, format } = globalThis.report

const pageSize = 50
const presets = [
  ['', 'as sampled'],
  ['step DESC, file_row', 'newest first'],
  ['reward DESC, step', 'best first'],
  ['reward, step', 'worst first'],
  ['masked DESC, step', 'most masked tokens first'],
  ['masked_share DESC, step', 'largest masked share first'],
  ['mean_entropy DESC', 'highest entropy first'],
  ['length DESC', 'longest first'],
  ['prompt_id, step, file_row', 'by problem, over the steps'],
]
const titles = {
  prompt_id: 'problem',
  mean_entropy: 'mean H (nats)',
  length: 'length (tokens)',
  masked: 'masked (tokens)',
  masked_share: 'masked share',
}
const wide = new Set(['prompt', 'completion'])

export async function rolloutsView(id) {
  const query = new URLSearchParams(location.search)
  if (query.get('view') === 'group') return groupView(id, query)
  const state = { filter: filterOf(query), order: query.get('order') ?? '', offset: Number(query.get('offset') ?? 0) }
  const { run } = await get(address(`/api/runs/${id}`, { from: Number.MAX_SAFE_INTEGER }))
  heading('Rollouts', `Every completion of ${run.name}.`, [[run.name, `/run/${id}`], ['Rollouts']])

  const fields = filterFields(state.filter, submit)
  const where = make('input', undefined, {
    type: 'text',
    value: state.filter.where,
    placeholder: 'reward = 0 AND length > 200',
  })
  const order = choice(orders(state.order), state.order, (value) => {
    state.order = value
    submit()
  })
  const form = make('form', undefined, { class: 'controls' })
  form.append(
    ...fields.elements,
    field('Where (SQL)', where, { class: 'grow' }),
    field('Order', order),
    make('button', 'Show', { class: 'action' }),
    make('a', 'Clear', { class: 'action', href: `/run/${id}/rollouts` }),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    submit()
  })
  const told = make('p', undefined, { class: 'subtitle', role: 'status' })
  const listed = make('p')
  const columnsOf = make('details')
  columnsOf.append(make('summary', 'Columns for SQL'), listed)
  const region = make('div', undefined, { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Completions' })
  const pages = make('div', undefined, { class: 'controls' })
  $('#main').replaceChildren(form, columnsOf, told, region, pages)

  function submit() {
    state.filter.where = where.value.trim()
    state.offset = 0
    load()
  }

  let latest = 0
  let counted = { condition: undefined, count: undefined }
  async function load(isFresh = false) {
    const mine = ++latest
    const condition = conditionOf(state.filter)
    remember({ ...state.filter, order: state.order, offset: state.offset || '' })
    region.setAttribute('aria-busy', 'true')
    if (isFresh || counted.condition !== condition) counted = { condition, count: undefined }
    await showing(async () => {
      const asked = { where: condition, order: state.order }
      const answer = await get(
        address(`/api/runs/${id}/rollouts`, { ...asked, offset: state.offset || '', limit: pageSize, count: 'no' }),
      )
      if (mine !== latest) return
      fields.fit(answer.columns)
      listed.textContent = answer.columns.join(', ')
      region.replaceChildren(...(answer.rows.length > 0 ? [tableOf(id, answer.rows, { state, sort, only })] : []))
      tell(answer.rows.length)
      if (counted.count === undefined) {
        // The rows are there before their number: counting reads every file that the filter needs.
        const { count } = await get(address(`/api/runs/${id}/rollouts/count`, { where: condition }))
        if (mine !== latest) return
        counted.count = count
        tell(answer.rows.length)
      }
    })
    if (mine === latest) region.removeAttribute('aria-busy')
  }

  function tell(rows) {
    const { count } = counted
    told.textContent =
      rows === 0 && state.offset === 0
        ? 'No completion fits.'
        : `${(state.offset + 1).toLocaleString('en-US')} to ${(state.offset + rows).toLocaleString('en-US')} of ${count === undefined ? '…' : count.toLocaleString('en-US')}`
    const to = (title, offset, enabled) => {
      const button = action(title, () => {
        state.offset = offset
        load()
      })
      button.disabled = !enabled
      return button
    }
    const last = count === undefined ? undefined : Math.max(0, Math.floor((count - 1) / pageSize) * pageSize)
    pages.replaceChildren(
      to('First', 0, state.offset > 0),
      to('Previous', Math.max(0, state.offset - pageSize), state.offset > 0),
      to('Next', state.offset + pageSize, last === undefined ? rows === pageSize : state.offset < last),
      to('Last', last, last !== undefined && state.offset < last),
    )
  }

  /** A click on a column's head: the largest first, then the smallest. */
  function sort(name) {
    state.order = state.order === `${name} DESC` ? name : `${name} DESC`
    order.replaceChildren(...orders(state.order).map(([value, title]) => make('option', title, { value })))
    order.value = state.order
    submit()
  }

  /** The page with other filters, as a link. */
  function only(filter) {
    return address(`/run/${id}/rollouts`, { ...filter, order: filter.prompt_id ? 'step, file_row' : '' })
  }

  await load()
  return {
    changed: (ids) => {
      const isBusy = form.contains(document.activeElement)
      if ((ids === undefined || ids.includes(id)) && state.offset === 0 && !isBusy) load(true)
    },
  }
}

/** The presets, and the order in force where it is none of them. */
const orders = (order) => (presets.some(([sql]) => sql === order) ? presets : [...presets, [order, order]])

function tableOf(id, rows, { state, sort, only }) {
  const names = Object.keys(rows[0])
  const table = make('table', undefined, { class: 'list' })
  const head = table.createTHead().insertRow()
  head.append(make('th', 'tokens', { scope: 'col' }))
  for (const name of names) {
    const cell = make('th', undefined, { scope: 'col', class: wide.has(name) ? 'text' : '' })
    const [by, direction] = state.order.split(' ')
    if (by === name) cell.setAttribute('aria-sort', direction === 'DESC' ? 'descending' : 'ascending')
    const button = make('button', titles[name] ?? name, { type: 'button' })
    button.addEventListener('click', () => sort(name))
    cell.append(button)
    head.append(cell)
  }
  const body = table.createTBody()
  for (const row of rows) {
    const line = body.insertRow()
    const { step, prompt_id: prompt, sample } = row
    const links = make('td', undefined, { class: 'text' })
    links.append(
      make('a', 'tokens', {
        href: address(`/run/${id}/tokens`, { step, prompt, sample }),
        'aria-label': `tokens of step ${step}, ${prompt}, sample ${sample}`,
      }),
      ' ',
      make('a', 'group', {
        href: address(`/run/${id}/rollouts`, { view: 'group', step, prompt }),
        'aria-label': `group of step ${step}, ${prompt}`,
      }),
    )
    line.append(links)
    for (const name of names) {
      const value = row[name]
      const cell = make('td', undefined, { class: wide.has(name) ? 'wide' : '' })
      if (name === 'prompt_id')
        cell.append(make('a', value, { href: only({ prompt_id: value }), title: 'show this problem at every step' }))
      else if (name === 'step')
        cell.append(make('a', value, { href: only({ step_min: value, step_max: value }), title: 'show this step' }))
      else cell.textContent = typeof value === 'number' ? format(value) : value === null ? '–' : String(value)
      if (wide.has(name)) cell.title = String(value)
      line.append(cell)
    }
  }
  return table
}
