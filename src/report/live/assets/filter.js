/** The fields of the rollouts page, and the SQL condition that they make. */
import { choice, field } from './form.js'

const { make } = globalThis.report

const quoted = (value) => `'${String(value).replaceAll("'", "''")}'`

/** Text in SQL's LIKE, in which % and _ stand for themselves. */
const like = (column, value) =>
  `${column} ILIKE ${quoted(`%${value.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`)} ESCAPE '\\'`

const range = (column) => [
  { key: `${column}_min`, title: 'from', sql: (value) => `${column} >= ${Number(value)}` },
  { key: `${column}_max`, title: 'to', sql: (value) => `${column} <= ${Number(value)}` },
]

/** Of each: the column that it needs, its title, and its inputs. */
const fields = [
  { column: 'step', title: 'Step', inputs: range('step') },
  { column: 'reward', title: 'Reward', inputs: range('reward') },
  {
    column: 'correct',
    title: 'Verdict',
    options: [
      ['', 'any'],
      ['true', 'correct'],
      ['false', 'not correct'],
    ],
    sql: (value) => `correct = ${value === 'true'}`,
  },
  {
    column: 'finish',
    title: 'End',
    options: [
      ['', 'any'],
      ['stop', 'ended by the policy'],
      ['length', 'cut at the limit'],
    ],
    sql: (value) => `finish = ${quoted(value)}`,
  },
  { column: 'length', title: 'Length (tokens)', inputs: range('length') },
  { column: 'mean_entropy', title: 'Mean H (nats)', inputs: range('mean_entropy') },
  { column: 'masked_share', title: 'Masked share', inputs: range('masked_share') },
  { column: 'prompt_id', title: 'Problem', text: true, sql: (value) => `prompt_id = ${quoted(value)}` },
  {
    column: 'completion',
    title: 'Text',
    text: true,
    sql: (value) => `(${like('completion', value)} OR ${like('prompt', value)})`,
  },
]

const keysOf = ({ column, inputs }) => (inputs ? inputs.map(({ key }) => key) : [column])
const allKeys = fields.flatMap(keysOf)

/** The values of the fields in an address, and the condition in SQL. */
export const filterOf = (query) => ({
  ...Object.fromEntries(allKeys.map((key) => [key, query.get(key) ?? ''])),
  where: query.get('where') ?? '',
})

export function conditionOf(filter) {
  const parts = fields.flatMap(({ column, inputs, sql }) =>
    inputs
      ? inputs.filter(({ key }) => isNumber(filter[key])).map((input) => input.sql(filter[input.key]))
      : filter[column]
        ? [sql(filter[column])]
        : [],
  )
  if (filter.where) parts.push(parts.length > 0 ? `(${filter.where})` : filter.where)
  return parts.join(' AND ')
}

const isNumber = (text) => text.trim() !== '' && Number.isFinite(Number(text))

/** Elements for the fields; `onChange` is called when one has a new value. Those whose column a run lacks are hidden. */
export function filterFields(filter, onChange) {
  const made = fields.map(({ column, title, options, inputs, text }) => {
    const set = (key) => (value) => {
      filter[key] = value.trim()
      onChange()
    }
    if (options) return { column, element: field(title, choice(options, filter[column], set(column))) }
    if (text)
      return {
        column,
        element: field(title, input(filter[column], set(column), { type: 'search' }), { class: 'grow' }),
      }
    const group = make('fieldset')
    group.append(make('legend', title))
    for (const { key, title: end } of inputs)
      group.append(
        input(filter[key], set(key), {
          type: 'number',
          step: 'any',
          placeholder: end,
          'aria-label': `${title}, ${end}`,
        }),
      )
    return { column, element: group }
  })
  return {
    elements: made.map(({ element }) => element),
    fit(columns) {
      for (const { column, element } of made) element.hidden = !columns.includes(column)
    },
  }
}

function input(value, onChange, attributes) {
  const element = make('input', undefined, { value, ...attributes })
  element.addEventListener('change', () => onChange(element.value))
  return element
}
