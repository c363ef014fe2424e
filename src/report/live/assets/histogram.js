/** A distribution as bars, with bounds as lines; a bar leads to what lies in it. */
const { format } = globalThis.report

const [width, height, plotHeight] = [640, 200, 150]

function svgElement(tag, attributes = {}, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  return made
}

/** Values in bars of equal width. */
export function binned(values, isMasked) {
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  const count = Math.max(1, Math.min(40, Math.ceil(Math.sqrt(values.length) * 2)))
  const step = (high - low) / count
  const bins = Array.from({ length: count }, () => ({ count: 0, masked: 0, first: undefined }))
  for (const [i, value] of values.entries()) {
    const bin = bins[step > 0 ? Math.min(count - 1, Math.floor((value - low) / step)) : 0]
    bin.count++
    if (isMasked(i)) bin.masked++
    bin.first ??= i
  }
  return { low, high, bins }
}

/**
 * `bins` of {count, masked} from `low` to `high`; `bounds` of {low, high}, either may be null. `choose` is
 * called for a bar by click, Enter, or Space; the arrow keys go from bar to bar. Bars grow with the logarithm of the count,
 * so that a few outliers are seen beside thousands of tokens near 0.
 */
export function histogram({ low, high, bins, bounds }, choose) {
  const step = (high - low) / bins.length || 1
  const most = bins.reduce((count, bin) => Math.max(count, bin.count), 1)
  const tall = (count) =>
    count === 0 ? 0 : (0.06 + (0.94 * Math.log(count)) / Math.max(Math.log(most), 1)) * plotHeight
  const xOf = (value) => ((value - low) / (high - low || 1)) * width
  const total = bins.reduce((sum, bin) => sum + bin.count, 0)
  const svg = svgElement('svg', {
    viewBox: `0 0 ${width} ${height}`,
    class: 'histogram',
    role: 'group',
    'aria-label': `${total} tokens from ${format(low)} to ${format(high)}, bars with a logarithmic height`,
  })
  const shown = []
  bins.forEach((bin, i) => {
    if (bin.count === 0) return
    const [from, to] = [low + i * step, low + (i + 1) * step]
    const title = `${bin.count} ${bin.count === 1 ? 'token' : 'tokens'}${bin.masked ? `, ${bin.masked} masked,` : ''} from ${format(from)} to ${format(to)}`
    const bar = svgElement('g', {
      role: 'button',
      tabindex: shown.length === 0 ? 0 : -1,
      'aria-label': title,
      class: 'bar',
    })
    const x = (i * width) / bins.length + 1
    const w = width / bins.length - 2
    const part = (count, name) =>
      svgElement('rect', { x, y: plotHeight + 5 - tall(count), width: w, height: tall(count), class: name })
    bar.append(
      svgElement('title', {}, title),
      svgElement('rect', { x: x - 1, y: 0, width: w + 2, height: plotHeight + 5, class: 'area' }),
      part(bin.count, 'all'),
    )
    if (bin.masked) bar.append(part(bin.masked, 'masked'))
    bar.addEventListener('click', () => choose({ ...bin, from, to, bin: i }))
    bar.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') choose({ ...bin, from, to, bin: i })
      else {
        const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
        const next = move && shown[shown.indexOf(bar) + move]
        if (!next) return
        bar.setAttribute('tabindex', -1)
        next.setAttribute('tabindex', 0)
        next.focus()
      }
      event.preventDefault()
    })
    shown.push(bar)
    svg.append(bar)
  })
  for (const [name, value] of Object.entries(bounds ?? {})) {
    if ((name !== 'low' && name !== 'high') || value === null) continue
    // A bound beyond every token is in the text alone.
    if (value < low || value > high) continue
    const x = xOf(value)
    svg.append(
      svgElement('line', { x1: x, x2: x, y1: 0, y2: plotHeight + 5, class: 'bound' }),
      svgElement(
        'text',
        {
          x: x + (name === 'low' ? -4 : 4),
          y: 10,
          'text-anchor': name === 'low' && x > 90 ? 'end' : 'start',
          class: 'bound',
        },
        format(value, 3),
      ),
    )
  }
  const label = (x, anchor, value) =>
    svgElement('text', { x, y: plotHeight + 22, 'text-anchor': anchor }, format(value, 3))
  svg.append(label(0, 'start', low), label(width, 'end', high))
  if (low < 0 && high > 0 && xOf(0) > 50 && xOf(0) < width - 50) svg.append(label(xOf(0), 'middle', 0))
  return svg
}
