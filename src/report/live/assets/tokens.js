/** One completion, every token colored by a number of its own, with all numbers in words. */
import { address, get, heading, remember, showing } from './page.js'

const { $, $$, make, format } = globalThis.report

const levels = 5
const measures = {
  sc: ['Sc, the centered score (nats)', ({ s, expected_s }, i) => s[i] - expected_s[i]],
  effect: ['−A Sc, what the update does to entropy', ({ s, expected_s, A }, i) => -A[i] * (s[i] - expected_s[i])],
  s: ['S*, the score (nats)', ({ s }, i) => s[i]],
  h: ['H, entropy before the token (nats)', ({ entropy }, i) => entropy[i]],
  p: ['p, the probability of the token', ({ logprob }, i) => Math.exp(logprob[i])],
  a: ['A, the advantage', ({ A }, i) => A[i]],
}

export async function tokensView(id) {
  const query = new URLSearchParams(location.search)
  const name = { step: query.get('step'), prompt: query.get('prompt'), sample: query.get('sample') }
  const state = { by: query.get('by') ?? 'sc', at: -1 }
  heading('Tokens', '', [['Rollouts', `/run/${id}/rollouts`], ['Tokens']])
  const main = $('#main')
  main.classList.add('completion-page')
  await showing(async () => {
    const { row, texts } = await get(address(`/api/runs/${id}/completion`, name))
    const A = row.advantages ?? row.tokens.map(() => row.advantage)
    const data = { ...row, A }
    heading(`Step ${row.step}, ${row.prompt_id}, sample ${row.sample}`, factsOf(row), [
      ['Rollouts', address(`/run/${id}/rollouts`, { where: `step = ${row.step}` })],
      ['Tokens'],
    ])
    draw(main, { id, name, state, data, texts })
  })
  return {}
}

function factsOf({ reward, advantage, correct, finish, tokens, answer }) {
  const known = [
    `reward ${format(reward)}`,
    `A ${format(advantage)}`,
    correct === undefined || correct === null ? '' : correct ? 'correct' : 'not correct',
    `${tokens.length} tokens`,
    finish === 'length' ? 'cut at its largest length' : 'ended by itself',
    answer === null || answer === undefined ? '' : `reference answer: ${answer}`,
  ]
  return known.filter(Boolean).join(' · ')
}

function draw(main, { id, name, state, data, texts }) {
  const select = make('select')
  for (const [key, [title]] of Object.entries(measures)) select.append(make('option', title, { value: key }))
  select.value = state.by
  const label = make('label', 'Color tokens by')
  label.append(select)
  const masked = data.grad_mask.flatMap((flows, i) => (flows ? [] : [i]))
  const next = make('button', masked.length === 0 ? 'no token is masked' : `next of ${masked.length} masked`, {
    class: 'action',
    type: 'button',
  })
  next.disabled = masked.length === 0
  const neighbors = make('span')
  for (const [title, step] of [
    ['same sample, previous step', -1],
    ['next step', 1],
  ]) {
    const target = Number(name.step) + step
    if (target > 0)
      neighbors.append(
        make('a', title, { class: 'action', href: address(`/run/${id}/rollouts`, { where: `step = ${target}` }) }),
        ' ',
      )
  }
  const controls = make('div', undefined, { class: 'controls' })
  controls.append(label, next, neighbors)
  const scale = make('p', undefined, { class: 'subtitle' })
  const prompt = make('details')
  prompt.append(make('summary', 'Prompt'), make('pre', data.prompt, { dir: 'auto' }))
  const box = make('p', undefined, {
    class: 'tokens',
    tabindex: '0',
    dir: 'auto',
    role: 'group',
    'aria-label': 'tokens; arrow keys move',
  })
  const spans = texts.map((text) => make('span', text === '' ? '∅' : text.replaceAll('\n', '↵\n')))
  box.append(...spans)
  const numbers = make('dl', undefined, { class: 'facts', 'aria-live': 'polite' })
  const histogram = make('section')
  main.replaceChildren(controls, scale, prompt, box, numbers, histogram)

  function color() {
    remember({ ...name, by: state.by === 'sc' ? '' : state.by })
    const values = data.tokens.map((_, i) => measures[state.by][1](data, i))
    const sizes = values.map(Math.abs).sort((a, b) => a - b)
    const limit = sizes[Math.floor((sizes.length - 1) * 0.98)] || 1
    spans.forEach((span, i) => {
      const level = Math.min(levels, Math.max(0, Math.ceil((Math.abs(values[i]) / limit) * levels - 0.1)))
      span.className = `t ${level === 0 ? 'z' : `${values[i] < 0 ? 'n' : 'p'}${level}`}${data.grad_mask[i] ? '' : ' m'}`
    })
    scale.textContent = `Blue: below 0; orange: above 0; full color at ${format(limit, 2)}. Underlined tokens are masked: no gradient flows.`
    histogram.replaceChildren(make('h2', `Distribution of ${measures[state.by][0]}`), histogramOf(values, focus))
    focus(state.at < 0 ? 0 : state.at, false)
  }

  function focus(i, scroll = true) {
    if (spans.length === 0) return
    state.at = Math.max(0, Math.min(spans.length - 1, i))
    for (const span of $$('.t.on', box)) span.classList.remove('on')
    spans[state.at].classList.add('on')
    if (scroll) spans[state.at].scrollIntoView({ block: 'nearest' })
    numbers.replaceChildren(
      ...describe(data, texts, state.at).flatMap(([key, value]) => [make('dt', key), make('dd', value)]),
    )
  }

  select.addEventListener('change', () => {
    state.by = select.value
    color()
  })
  next.addEventListener('click', () => focus(masked.find((i) => i > state.at) ?? masked[0]))
  box.addEventListener('click', (event) => focus(spans.indexOf(event.target.closest('.t'))))
  box.addEventListener('pointerover', (event) => {
    const i = spans.indexOf(event.target.closest('.t'))
    if (i >= 0) focus(i, false)
  })
  box.addEventListener('keydown', (event) => {
    const target = { ArrowLeft: state.at - 1, ArrowRight: state.at + 1, Home: 0, End: spans.length - 1 }[event.key]
    if (target === undefined) return
    event.preventDefault()
    focus(target)
  })
  color()
}

function describe(data, texts, i) {
  const p = Math.exp(data.logprob[i])
  const Sc = data.s[i] - data.expected_s[i]
  const effect = -data.A[i] * Sc
  const words = !data.grad_mask[i]
    ? 'masked: no gradient flows'
    : effect > 0
      ? 'the update raises entropy here'
      : effect < 0
        ? 'the update lowers entropy here'
        : 'no effect on entropy'
  return [
    ['token', `${i + 1} of ${texts.length}: “${texts[i]}” (id ${data.tokens[i]})`],
    ['p', `${format(p)} (log p ${format(data.logprob[i])}): how likely the policy found it`],
    ['H', `${format(data.entropy[i])} nats: how unsure it was before the token`],
    ['S*', `${format(data.s[i])} nats = p (H + log p)`],
    ['Sc', `${format(Sc)} nats = S* − E[S*]: above 0 the token is likelier than the entropy expects`],
    ['A', `${format(data.A[i])}: ${data.A[i] > 0 ? 'rewarded' : data.A[i] < 0 ? 'punished' : 'neither'}`],
    ['−A Sc', `${format(effect)}: ${words}`],
  ]
}

/** Bars from which a click leads to a token of theirs. */
function histogramOf(values, focus) {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity)
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity)
  const count = Math.max(1, Math.min(40, Math.ceil(Math.sqrt(values.length) * 2)))
  const width = (high - low) / count || 1
  const bins = Array.from({ length: count }, () => [])
  for (const [i, value] of values.entries()) bins[Math.min(count - 1, Math.floor((value - low) / width))].push(i)
  const most = bins.reduce((count, bin) => Math.max(count, bin.length), 0)
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const element = (tag, attributes, text) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    if (text !== undefined) made.textContent = text
    return made
  }
  svg.setAttribute('viewBox', '0 0 640 170')
  svg.setAttribute('class', 'histogram')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', `${values.length} tokens from ${format(low)} to ${format(high)}`)
  bins.forEach((bin, i) => {
    if (bin.length === 0) return
    const tall = (bin.length / most) * 130
    const bar = element('rect', { x: (i * 640) / count + 1, y: 135 - tall, width: 640 / count - 2, height: tall })
    bar.append(
      element('title', {}, `${bin.length} tokens from ${format(low + i * width)} to ${format(low + (i + 1) * width)}`),
    )
    bar.addEventListener('click', () => focus(bin[0]))
    svg.append(bar)
  })
  svg.append(
    element('text', { x: 0, y: 155 }, format(low)),
    element('text', { x: 640, y: 155, 'text-anchor': 'end' }, format(high)),
  )
  return svg
}
