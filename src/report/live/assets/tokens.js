/** One completion, every token colored by a number of its own, with all numbers in words. */
import { alternativesOf } from './alternatives.js'
import { distributionOf } from './distribution.js'
import { action, choice, field } from './form.js'
import { address, get, heading, remember, showing } from './page.js'

const { $, $$, make, format } = globalThis.report

const levels = 5
export const measures = {
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
  const state = {
    by: measures[query.get('by')] ? query.get('by') : 'sc',
    at: Number(query.get('at') ?? 0),
    whole: query.get('of') === 'step',
    alternatives: query.get('alternatives') === '1',
  }
  heading('Tokens', '', [['Rollouts', `/run/${id}/rollouts`], ['Tokens']])
  const main = $('#main')
  main.classList.add('completion-page')
  await showing(async () => {
    const { row, texts } = await get(address(`/api/runs/${id}/completion`, name))
    const A = row.advantages ?? row.tokens.map(() => row.advantage)
    heading(`Step ${row.step}, ${row.prompt_id}, sample ${row.sample}`, factsOf(row), [
      ['Run', `/run/${id}`],
      ['Rollouts', address(`/run/${id}/rollouts`, { where: `step = ${row.step}` })],
      ['Tokens'],
    ])
    draw(main, { id, name, state, data: { ...row, A }, texts })
  })
  return {}
}

function factsOf({ reward, advantage, correct, finish, tokens, answer }) {
  const known = [
    `reward ${format(reward)}`,
    `A ${format(advantage)}`,
    correct === undefined || correct === null ? '' : correct ? 'correct' : 'not correct',
    `${tokens.length} tokens`,
    finish === 'length' ? 'cut at the length limit' : finish === 'stop' ? 'ended by the policy' : '',
    answer === null || answer === undefined ? '' : `reference answer: ${answer}`,
  ]
  return known.filter(Boolean).join(' · ')
}

/** Links to the group, and to the same prompt at other steps. */
function neighbors(id, { step, prompt }) {
  const text = `'${String(prompt).replaceAll("'", "''")}'`
  const to = (where) => address(`/run/${id}/rollouts`, { where })
  return [
    make('a', 'its group', { class: 'action', href: address(`/run/${id}/rollouts`, { prompt, step, view: 'group' }) }),
    make('a', 'this prompt at every step', { class: 'action', href: to(`prompt_id = ${text}`) }),
  ]
}

function draw(main, { id, name, state, data, texts }) {
  const masked = data.grad_mask.flatMap((flows, i) => (flows ? [] : [i]))
  const by = choice(
    Object.entries(measures).map(([key, [title]]) => [key, title]),
    state.by,
    (value) => {
      state.by = value
      color()
    },
  )
  const next = action(masked.length === 0 ? 'no token is masked' : `next of ${masked.length} masked`, () =>
    focus(masked.find((i) => i > state.at) ?? masked[0]),
  )
  next.disabled = masked.length === 0
  const controls = make('div', undefined, { class: 'controls' })
  controls.append(field('Color tokens by', by), next, ...neighbors(id, name))
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
  const others = alternativesOf({ id, name, state, data, keep })
  const distribution = distributionOf({ id, name, state, data, measures, focus, keep })
  main.replaceChildren(controls, scale, prompt, box, numbers, others.place, distribution.place)

  function keep() {
    remember({
      ...name,
      by: state.by === 'sc' ? '' : state.by,
      at: state.at || '',
      of: state.whole ? 'step' : '',
      alternatives: state.alternatives ? 1 : '',
    })
  }

  function color() {
    const values = data.tokens.map((_, i) => measures[state.by][1](data, i))
    const sizes = values.map(Math.abs).sort((a, b) => a - b)
    const limit = sizes[Math.floor((sizes.length - 1) * 0.98)] || 1
    spans.forEach((span, i) => {
      const level = Math.min(levels, Math.max(0, Math.ceil((Math.abs(values[i]) / limit) * levels - 0.1)))
      span.className = `t ${level === 0 ? 'z' : `${values[i] < 0 ? 'n' : 'p'}${level}`}${data.grad_mask[i] ? '' : ' m'}`
    })
    scale.textContent = `Blue is below 0, orange above, with full color at ${format(limit, 2)}. No gradient flows through underlined (masked) tokens.`
    distribution.draw(values)
    focus(state.at, false)
  }

  function focus(i, scroll = true) {
    if (spans.length === 0) return
    state.at = Math.max(0, Math.min(spans.length - 1, i))
    keep()
    for (const span of $$('.t.on', box)) span.classList.remove('on')
    spans[state.at].classList.add('on')
    if (scroll) spans[state.at].scrollIntoView({ block: 'nearest' })
    numbers.replaceChildren(
      ...describe(data, texts, state.at).flatMap(([key, value]) => [make('dt', key), make('dd', value)]),
    )
    others.at(state.at)
  }

  box.addEventListener('click', (event) => {
    const i = spans.indexOf(event.target.closest('.t'))
    if (i >= 0) focus(i)
  })
  box.addEventListener('pointerover', (event) => {
    const i = spans.indexOf(event.target.closest('.t'))
    if (i >= 0) focus(i, false)
  })
  box.addEventListener('keydown', (event) => {
    const masks = event.key === 'm' ? (masked.find((i) => i > state.at) ?? masked[0]) : undefined
    const target =
      masks ?? { ArrowLeft: state.at - 1, ArrowRight: state.at + 1, Home: 0, End: spans.length - 1 }[event.key]
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
