/** The completions of one prompt at one step, side by side, token by token. */
import { choice, field } from './form.js'
import { address, get, heading, remember, showing } from './page.js'

const { $, make, format } = globalThis.report

const levels = 5

export async function groupView(id, query) {
  const state = {
    prompt: query.get('prompt') ?? '',
    step: Number(query.get('step')),
    order: query.get('order') ?? 'sample',
  }
  const controls = make('div', undefined, { class: 'controls' })
  const prompt = make('pre', undefined, { dir: 'auto' })
  const cards = make('div', undefined, { class: 'cards' })
  $('#main').replaceChildren(controls, prompt, cards)

  async function load() {
    remember({ view: 'group', ...state, order: state.order === 'sample' ? '' : state.order })
    await showing(async () => {
      const { rows, steps } = await get(address(`/api/runs/${id}/group`, { prompt: state.prompt, step: state.step }))
      const mean = rows.reduce((sum, { reward }) => sum + reward, 0) / rows.length
      heading(
        `Problem ${state.prompt}`,
        rows.length === 0
          ? 'not sampled at this step'
          : `${rows.length} completions at step ${state.step}, mean reward ${format(mean)}`,
        [['Run', `/run/${id}`], ['Rollouts', `/run/${id}/rollouts`], ['Group']],
      )
      fill(rows, steps)
    })
  }

  function fill(rows, steps) {
    const at = steps.indexOf(state.step)
    const to = (title, step) =>
      step === undefined
        ? []
        : [
            make('a', `${title} (${step})`, {
              class: 'action',
              href: address(location.pathname, { view: 'group', ...state, step }),
            }),
          ]
    const orders = [
      ['sample', 'as sampled'],
      ['best', 'best first'],
      ['worst', 'worst first'],
      ['masked', 'most masked first'],
    ]
    controls.replaceChildren(
      field(
        'Step',
        choice(
          steps.map((step) => [step, `step ${step}`]),
          state.step,
          (value) => {
            state.step = Number(value)
            load()
          },
        ),
      ),
      field(
        'Order',
        choice(orders, state.order, (value) => {
          state.order = value
          load()
        }),
      ),
      ...to('previous step', steps[at - 1]),
      ...to('next step', at < 0 ? undefined : steps[at + 1]),
      make('a', 'this problem at every step', {
        class: 'action',
        href: address(`/run/${id}/rollouts`, { prompt_id: state.prompt, order: 'step, file_row' }),
      }),
    )
    prompt.textContent = rows[0]?.prompt ?? ''
    const sizes = rows
      .flatMap(({ s, expected_s }) => s.map((value, i) => Math.abs(value - expected_s[i])))
      .sort((a, b) => a - b)
    const limit = sizes[Math.floor((sizes.length - 1) * 0.98)] || 1
    const by = {
      best: (a, b) => b.reward - a.reward,
      worst: (a, b) => a.reward - b.reward,
      masked: (a, b) => b.masked - a.masked,
    }[state.order]
    cards.replaceChildren(...(by ? rows.toSorted(by) : rows).map((row) => card(id, state, row, limit)))
  }

  await load()
  return {}
}

function card(id, { step, prompt }, row, limit) {
  const { sample, reward, advantage, correct, finish, length, mean_entropy: H, masked } = row
  const made = make('article', undefined, { class: 'strip' })
  const title = make('h2')
  title.append(make('a', `sample ${sample}`, { href: address(`/run/${id}/tokens`, { step, prompt, sample }) }))
  const facts = [
    `reward ${format(reward)}`,
    `A ${format(advantage)}`,
    ...(correct === undefined || correct === null ? [] : [correct ? 'correct' : 'not correct']),
    `${length} tokens`,
    ...(finish === 'length' ? ['cut at the limit'] : []),
    `mean H ${format(H, 3)} nats`,
    `${masked} masked`,
  ]
  const text = make('p', undefined, { class: 'tokens', dir: 'auto' })
  row.texts.forEach((token, i) => {
    const value = row.s[i] - row.expected_s[i]
    const level = Math.min(levels, Math.max(0, Math.ceil((Math.abs(value) / limit) * levels - 0.1)))
    text.append(
      make('span', token === '' ? '∅' : token.replaceAll('\n', '↵\n'), {
        class: `t ${level === 0 ? 'z' : `${value < 0 ? 'n' : 'p'}${level}`}${row.grad_mask[i] ? '' : ' m'}`,
      }),
    )
  })
  made.append(title, make('p', facts.join(' · '), { class: 'facts' }), text)
  return made
}
