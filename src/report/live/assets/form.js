/** Fields of the live pages. Each keeps its value in the page's state and tells when it changes. */
const { make } = globalThis.report

export function field(title, element, attributes = {}) {
  const label = make('label', title, attributes)
  label.append(element)
  return label
}

/** `options`: pairs of value and text. */
export function choice(options, value, onChange) {
  const element = make('select')
  for (const [key, text] of options) element.append(make('option', text, { value: key }))
  element.value = String(value)
  element.addEventListener('change', () => onChange(element.value))
  return element
}

export function check(title, checked, onChange) {
  const box = make('input', undefined, { type: 'checkbox' })
  box.checked = checked
  box.addEventListener('change', () => onChange(box.checked))
  const label = make('label', undefined, { class: 'check' })
  label.append(box, title)
  return label
}

export function action(title, onClick, attributes = {}) {
  const button = make('button', title, { class: 'action', type: 'button', ...attributes })
  button.addEventListener('click', onClick)
  return button
}

/** Offers a text as a file. */
export function save(name, content, type) {
  const href = URL.createObjectURL(new Blob([content], { type }))
  make('a', undefined, { href, download: name }).click()
  URL.revokeObjectURL(href)
}

/** How the curves of a page are drawn: along what, how smooth, and on which axis. */
export function curveFields(state, onChange) {
  const set = (key) => (value) => {
    state[key] = key === 'smooth' ? Number(value) : value
    if (key === 'x') state.zoom = undefined
    onChange()
  }
  const smoothings = [[0, 'none'], ...[5, 10, 25, 50].map((count) => [count, `mean of ${count}`])]
  return [
    field(
      'Along',
      choice(
        [
          ['step', 'steps'],
          ['tokens', 'tokens'],
          ['time', 'minutes'],
        ],
        state.x,
        set('x'),
      ),
    ),
    field('Smoothing', choice(smoothings, state.smooth, set('smooth'))),
    check('logarithmic', state.log, set('log')),
  ]
}

/** The state of the curves as an address has it, and back. */
export const curveState = (query) => ({
  x: query.get('x') ?? 'step',
  smooth: Number(query.get('smooth') ?? 0),
  log: query.get('log') === '1',
  zoom: zoomOf(query.get('zoom')),
})

const zoomOf = (text) => {
  const ends = (text ?? '').split('~').map(Number)
  return text && ends.length === 2 && ends.every(Number.isFinite) && ends[0] < ends[1] ? ends : undefined
}

export const curveQuery = ({ x, smooth, log, zoom }) => ({
  x: x === 'step' ? '' : x,
  smooth: smooth || '',
  log: log ? 1 : '',
  zoom: zoom ? zoom.map((end) => Number(end.toPrecision(6))).join('~') : '',
})
