/** Shows what is known of a completion's token, and recolours the strips by another of the tokens' numbers. */
;(() => {
  const { $, $$, dataOf, make, format } = globalThis.report

  const levels = 5
  const strips = $$('.strip').map((strip) => ({
    strip,
    data: dataOf(strip),
    tokens: $$('.tokens > .t', strip),
    box: $('.tokens', strip),
    at: -1,
  }))

  const numberOf = {
    c: (data, i) => data.c[i],
    e: (data, i) => (data.c[i] === null || data.a === null ? null : -data.a * data.c[i] || 0),
    s: (data, i) => data.s[i],
    h: (data, i) => data.h[i],
    l: (data, i) => data.l[i],
  }

  /** As token-strip.ts has it. */
  function levelClass(value, limit) {
    if (value === null || !(limit > 0)) return 'z'
    const level = Math.min(levels, Math.max(0, Math.ceil((Math.abs(value) / limit) * levels - 0.1)))
    return level === 0 ? 'z' : `${value < 0 ? 'n' : 'p'}${level}`
  }

  function recolor(scale, key) {
    const all = strips
      .flatMap(({ data, tokens }) => tokens.map((_, i) => numberOf[key](data, i)))
      .filter((value) => value !== null)
    const sizes = all.map(Math.abs).sort((a, b) => a - b)
    const limit = key === 'c' ? Number(scale.dataset.limit) : (sizes[Math.floor((sizes.length - 1) * 0.98)] ?? 0)
    for (const { data, tokens } of strips) {
      tokens.forEach((token, i) => {
        token.className = `t ${levelClass(numberOf[key](data, i), limit)}${data.m[i] ? ' m' : ''}`
      })
    }
    $('.low', scale).textContent = `−${format(limit, 2)}`
    $('.high', scale).textContent = `+${format(limit, 2)}`
  }

  function describeToken({ data, tokens }, i) {
    const effect = numberOf.e(data, i)
    const push = data.m[i]
      ? 'masked: no gradient'
      : effect > 0
        ? 'raises entropy'
        : effect < 0
          ? 'lowers entropy'
          : 'no effect'
    return [
      ['token', `“${tokens[i].textContent.replace('↵\n', '↵')}” (${data.id[i]})`],
      ['log p', `${format(data.l[i])} (p = ${format(data.l[i] === null ? null : Math.exp(data.l[i]))})`],
      ['H', `${format(data.h[i])} nats`],
      ['S*', `${format(data.s[i])} nats`],
      ['Sc = S* − E[S]', `${format(data.c[i])} nats`],
      ...(data.a === null
        ? []
        : [
            ['A', format(data.a)],
            ['−A Sc', `${effect > 0 ? '+' : ''}${format(effect)}, ${push}`],
          ]),
    ]
  }

  const tooltip = $('#tooltip')
  function hideToken() {
    tooltip.hidden = true
    for (const { tokens } of strips) for (const token of tokens) token.classList.remove('on')
  }

  function showToken(entry, i) {
    hideToken()
    const token = entry.tokens[i]
    if (token === undefined) return
    entry.at = i
    token.classList.add('on')
    const list = make('dl')
    for (const [name, value] of describeToken(entry, i)) list.append(make('dt', name), make('dd', value))
    tooltip.replaceChildren(list)
    tooltip.hidden = false
    const box = token.getClientRects()[0] ?? token.getBoundingClientRect()
    const below = box.bottom + tooltip.offsetHeight + 12 < innerHeight
    const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - tooltip.offsetWidth - 8))
    tooltip.style.left = `${left + scrollX}px`
    tooltip.style.top = `${(below ? box.bottom + 8 : box.top - tooltip.offsetHeight - 8) + scrollY}px`
  }

  function setUpTokens() {
    const scale = $('.scale')
    if (scale === null) return
    const select = $('.by select', scale)
    select.disabled = false
    select.addEventListener('change', () => recolor(scale, select.value))
    if (select.value !== 'c') recolor(scale, select.value)
    for (const entry of strips) {
      const { box, tokens } = entry
      const find = (event) => tokens.indexOf(event.target.closest('.t'))
      box.addEventListener('pointerover', (event) => showToken(entry, find(event)))
      box.addEventListener('pointerleave', hideToken)
      box.addEventListener('click', (event) => showToken(entry, find(event)))
      box.addEventListener('blur', hideToken)
      box.addEventListener('keydown', (event) => {
        const target = { ArrowLeft: entry.at - 1, ArrowRight: entry.at + 1, Home: 0, End: tokens.length - 1 }[event.key]
        if (event.key === 'Escape') hideToken()
        if (target === undefined) return
        event.preventDefault()
        const i = Math.max(0, Math.min(tokens.length - 1, target))
        tokens[i].scrollIntoView({ block: 'nearest' })
        showToken(entry, i)
      })
    }
  }

  /** Groups of completions, of which one is shown at a time: the steps of a run. */
  function setUpGroups() {
    const groups = $$('.group[data-title]')
    const scale = $('.scale')
    if (groups.length < 2 || scale === null) return
    const select = make('select')
    for (const [i, group] of groups.entries()) select.append(make('option', group.dataset.title, { value: i }))
    const show = () => {
      for (const [i, group] of groups.entries()) group.hidden = i !== Number(select.value)
    }
    select.value = String(groups.length - 1)
    select.addEventListener('change', show)
    const label = make('label', 'Show ')
    label.append(select)
    scale.prepend(label)
    show()
    // Paper has no choice to make: all groups are printed.
    addEventListener('beforeprint', () => {
      for (const group of groups) group.hidden = false
    })
    addEventListener('afterprint', show)
  }

  setUpTokens()
  setUpGroups()
})()
