/** How a number of the tokens is distributed: over this completion, or over all tokens of the step, with the clip's bounds. */
import { choice, field } from './form.js'
import { binned, histogram } from './histogram.js'
import { address, get, showing } from './page.js'

const { make, format } = globalThis.report

export function distributionOf({ id, name, state, data, measures, focus, keep }) {
  const place = make('section')
  const title = make('h2')
  const scope = field(
    'Tokens',
    choice(
      [
        ['completion', 'of this completion'],
        ['step', `all of step ${name.step}`],
      ],
      state.whole ? 'step' : 'completion',
      (value) => {
        state.whole = value === 'step'
        keep()
        draw(last)
      },
    ),
  )
  const controls = make('div', undefined, { class: 'controls' })
  controls.append(scope)
  const chart = make('div')
  const words = make('p', undefined, { class: 'intro' })
  const list = make('div', undefined, { 'aria-live': 'polite' })
  place.append(title, controls, chart, words, list)
  let last

  async function draw(values) {
    last = values
    title.textContent = `Distribution of ${measures[state.by][0]}`
    list.replaceChildren()
    if (!state.whole) {
      chart.replaceChildren(
        histogram(
          binned(values, (i) => !data.grad_mask[i]),
          ({ first }) => focus(first),
        ),
      )
      words.textContent = 'A click on a bar goes to its first token. The orange part is masked.'
      return
    }
    await showing(async () => {
      const asked = { step: name.step, by: state.by }
      const found = await get(address(`/api/runs/${id}/scores`, asked))
      chart.replaceChildren(
        histogram(found, ({ from, to, bin }) =>
          show({ ...asked, low: found.low, high: found.high, bin }, { from, to }),
        ),
      )
      words.textContent = `${found.tokens} tokens, ${found.masked} masked (orange). ${boundsText(found)} A click on a bar lists its tokens.`
    })
  }

  /** The tokens of a bar, each a link. */
  async function show(range, { from, to }) {
    await showing(async () => {
      const { count, tokens } = await get(address(`/api/runs/${id}/scores/tokens`, range))
      const head = `${count} ${count === 1 ? 'token' : 'tokens'} from ${format(from)} to ${format(to)}${count > tokens.length ? `, the ${tokens.length} farthest from 0` : ''}`
      const items = make('ul', undefined, { class: 'found' })
      for (const { prompt, sample, at, text, value, A, masked } of tokens) {
        const item = make('li')
        const href = address(`/run/${id}/tokens`, {
          step: range.step,
          prompt,
          sample,
          at,
          by: state.by === 'sc' ? '' : state.by,
          of: 'step',
        })
        item.append(
          make('a', `“${text.replaceAll('\n', '↵')}”`, { href, class: masked ? 't m' : 't' }),
          ` ${format(value)}, A ${format(A)}${masked ? ', masked' : ''}, ${prompt}, sample ${sample}, token ${at + 1}`,
        )
        items.append(item)
      }
      list.replaceChildren(make('h3', head), items)
    })
  }

  return { place, draw }
}

function boundsText({ bounds, why }) {
  if (why) return `No bounds are drawn: ${why}.`
  if (!bounds) return ''
  const { low, high, mean, sigma, method } = bounds
  const ends = [low === null ? '' : `below ${format(low)}`, high === null ? '' : `above ${format(high)}`].filter(
    Boolean,
  )
  return `${method} masks tokens ${ends.join(' and ')} (dashed lines; the batch has mean ${format(mean)} and sigma ${format(sigma)}) if their A is not 0.`
}
