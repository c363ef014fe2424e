/** What else the policy might have said in place of a token: recomputed by the server when it is asked for. */
import { check } from './form.js'
import { address, get } from './page.js'

const { make, format } = globalThis.report

/** Milliseconds that a token must be in focus before the server is asked. */
const patience = 150

export function alternativesOf({ id, name, state, data, keep }) {
  const place = make('section', undefined, { class: 'alternatives' })
  const answer = make('div', undefined, { 'aria-live': 'polite' })
  const box = check(
    'show what else the policy might have said (recomputed from a checkpoint)',
    state.alternatives,
    (on) => {
      state.alternatives = on
      keep()
      at(state.at)
    },
  )
  place.append(box, answer)
  let timer
  let latest = 0

  function at(i) {
    clearTimeout(timer)
    if (!state.alternatives) {
      answer.replaceChildren()
      return
    }
    timer = setTimeout(() => ask(i), patience)
  }

  async function ask(i) {
    const asked = ++latest
    const busy = setTimeout(() => answer.replaceChildren(make('p', 'The model is being loaded …')), 300)
    try {
      const found = await get(address(`/api/runs/${id}/alternatives`, { ...name, at: i }))
      if (asked === latest) answer.replaceChildren(...tableOf(found, data, i))
    } catch (error) {
      if (asked === latest) answer.replaceChildren(make('p', error.message, { class: 'notice' }))
    } finally {
      clearTimeout(busy)
    }
  }

  return { place, at }
}

function tableOf({ policy, exact, tokens }, data, i) {
  const note = exact
    ? `By ${policy}, the policy that sampled.`
    : `By ${policy}, the nearest that is saved; the policy that sampled is not, so the numbers differ from those above.`
  const table = make('table', undefined, { class: 'list narrow' })
  table.append(make('caption', 'Likeliest tokens here'))
  const head = table.createTHead().insertRow()
  for (const [text, kind] of [
    ['Token', 'text'],
    ['p', ''],
    ['log p', ''],
    ['Here', 'text'],
  ])
    head.append(make('th', text, { scope: 'col', class: kind }))
  const body = table.createTBody()
  for (const { id, text, logprob } of tokens) {
    const row = body.insertRow()
    const isSampled = id === data.tokens[i]
    row.append(
      make('th', text === '' ? '∅' : `“${text.replaceAll('\n', '↵')}”`, { scope: 'row', class: 'text' }),
      make('td', format(Math.exp(logprob))),
      make('td', format(logprob)),
      make('td', isSampled ? 'sampled' : '', { class: 'text' }),
    )
  }
  return [make('p', note, { class: 'intro' }), table]
}
