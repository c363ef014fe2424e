/** What the live pages share: requests, addresses, headings, and what went wrong. */
const { $, make } = globalThis.report

export async function get(path) {
  const response = await fetch(path)
  const body = await response.json().catch(() => ({ error: `the server answered ${response.status}` }))
  if (!response.ok) throw new Error([body.error, body.hint].filter(Boolean).join('. '))
  return body
}

/** A link of these pages with its query. */
export const address = (path, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given.flatMap(([key, value]) => [value].flat().map((one) => [key, one])))
  return `${path}${given.length > 0 ? `?${search}` : ''}`
}

/** Keeps the view in the address, so that a link to it shows the same. */
export const remember = (query) => history.replaceState(null, '', address(location.pathname, query))

export function heading(title, subtitle = '', crumbs = []) {
  $('#title').textContent = title
  $('#subtitle').textContent = subtitle
  document.title = `${title} · isentrope watch`
  $('#crumbs').replaceChildren(
    ...crumbs.flatMap(([text, href]) => [' › ', href ? make('a', text, { href }) : make('span', text)]),
  )
}

export const say = (text) => {
  $('#state').textContent = text
}

/** Runs what may fail, and shows why it did. */
export async function showing(work) {
  try {
    await work()
    say('')
  } catch (error) {
    say(error.message)
  }
}

/** What is wrong with a run now, and what it has warned of. */
export const notices = (concerns, warnings) => [
  ...(concerns.length === 0 ? [] : [concernList(concerns)]),
  ...(warnings.length === 0 ? [] : [warningList(warnings)]),
]

/** Text with what stands in backticks as code. */
const withCode = (text) => text.split('`').map((part, i) => (i % 2 === 1 ? make('code', part) : part))

function concernList(list) {
  const notice = make('div', undefined, { class: 'notice concerns' })
  const items = make('ul')
  for (const { text, advice } of list) {
    const item = make('li')
    item.append(...withCode(`${text[0].toUpperCase()}${text.slice(1)}. ${advice}; see \`docs/faq.md\`.`))
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

/** A part of the report, as the server made it; what runs put into it is escaped there. */
export function elementOf(markup) {
  const parsed = new DOMParser().parseFromString(markup, 'text/html')
  const place = make('div', undefined, { class: 'part' })
  place.append(...parsed.body.childNodes)
  return place
}
