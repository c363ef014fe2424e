/** One figure: a chart by uPlot, its legend, and its buttons. */
import { linesOf, xOf } from './series.js'

const { $, make, format } = globalThis.report

const styleCount = 6
const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 3]]
const plotHeight = 190
const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]
/** Warnings of a run that are marked at most. */
const mostMarks = 200

/** A tenth above and below; a constant curve gets an axis around its value. */
function roomFor(_plot, low, high) {
  if (low === null) return [0, 1]
  const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * 0.08
  return [low - room, high + room]
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

const axisNames = { step: 'step', tokens: 'tokens', time: 'minutes' }

/** A figure of one metric, or of the members that share it. `view` is the page that it stands on. */
export class Curve {
  constructor(metric, view) {
    this.metric = metric
    this.view = view
    this.figure = make('figure', undefined, { class: 'curve', 'data-key': metric.name })
    const title = make('h3', metric.title)
    if (metric.unit) title.append(make('span', metric.unit, { class: 'unit' }))
    const tools = make('span', undefined, { class: 'tools' })
    if (view.pin && !metric.evaluation) tools.append(this.#pinButton())
    const png = make('button', 'PNG', { type: 'button', 'aria-label': `PNG of ${metric.title}` })
    png.addEventListener('click', () => this.save())
    tools.append(png)
    this.legend = make('ul', undefined, { class: 'legend' })
    this.place = make('div', undefined, {
      class: 'plot',
      tabindex: '0',
      role: 'img',
      'aria-label': `Line chart of ${metric.title}. Arrow keys move the cursor, + and - zoom, Escape shows all.`,
    })
    this.place.addEventListener('keydown', (event) => this.#key(event))
    const head = make('div', undefined, { class: 'head' })
    head.append(title, tools)
    this.figure.append(head, this.legend, this.place, make('figcaption', metric.caption))
    this.visible = false
    new ResizeObserver(() => {
      if (this.plot && this.place.clientWidth > 0 && this.place.clientWidth !== this.plot.width)
        this.plot.setSize({ width: this.place.clientWidth, height: plotHeight })
    }).observe(this.place)
  }

  #pinButton() {
    const { metric, view } = this
    const pin = make('button', 'pin', {
      type: 'button',
      'aria-pressed': String(view.pinned.has(metric.key)),
      'aria-label': `pin ${metric.title}`,
    })
    pin.addEventListener('click', () => {
      view.pin(metric.key)
      pin.setAttribute('aria-pressed', String(view.pinned.has(metric.key)))
    })
    this.pinButton = pin
    return pin
  }

  /** A figure out of view gives its canvas back. */
  show(visible) {
    this.visible = visible
    if (visible) this.refresh()
    else {
      this.plot?.destroy()
      this.plot = undefined
    }
  }

  restyle() {
    this.plot?.destroy()
    this.plot = undefined
    this.refresh()
  }

  refresh() {
    this.pinButton?.setAttribute('aria-pressed', String(this.view.pinned.has(this.metric.key)))
    if (!this.visible) return
    const { state, comparing } = this.view
    const lines = linesOf(this.view.runs(), this.metric, { ...state, band: comparing && state.band })
    const shape = `${lines.map(({ name }) => name).join('|')}|${state.log}|${state.x}`
    const data = uPlot.join(lines.map(({ x, y }) => [x, y]))
    this.lines = lines
    if (!this.plot || shape !== this.shape) {
      this.plot?.destroy()
      this.shape = shape
      this.plot = this.#make(lines, data)
    } else this.plot.setData(data, false)
    const { zoom } = state
    const xs = data[0]
    const all = xs.length > 1 ? [xs[0], xs.at(-1)] : [(xs[0] ?? 0) - 1, (xs[0] ?? 0) + 1]
    const [min, max] = zoom ?? all
    this.plot.setScale('x', { min, max })
    this.#legend()
  }

  #make(lines, data) {
    const { state } = this.view
    let style = -1
    const series = lines.map(({ edge, name }) => {
      if (!edge) style++
      const stroke = color(`s${style % styleCount}`)
      return edge
        ? { label: name, stroke: `${stroke}55`, width: 1, points: { show: false } }
        : {
            label: name,
            stroke,
            width: 2,
            dash: dashes[style % styleCount],
            spanGaps: true,
            points: { show: data[0].length < 4 || this.metric.evaluation, size: 6 },
          }
    })
    const positive = data
      .slice(1)
      .every((column) => column.every((value) => value === null || value === undefined || value > 0))
    const axis = {
      stroke: color('soft'),
      grid: { stroke: color('grid'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    }
    const bands = lines.flatMap(({ edge, name }, i) =>
      edge && name.endsWith('highest')
        ? [
            {
              series: [i + 1, i],
              fill: `${color(`s${(lines.slice(0, i).filter((line) => !line.edge).length - 1) % styleCount}`)}22`,
            },
          ]
        : [],
    )
    const moves = (type) => type === 'mousemove' || type === 'mouseleave'
    const onSteps = state.x === 'step' || this.metric.evaluation
    return new uPlot(
      {
        width: this.place.clientWidth || 360,
        height: plotHeight,
        legend: { show: false },
        cursor: {
          // Figures share their cursor; a zoom goes to all of the page, those out of view included.
          sync: { key: onSteps ? 'step' : state.x, setSeries: false, filters: { pub: moves, sub: moves } },
          y: false,
          drag: { x: true, y: false, setScale: false },
          bind: {
            dblclick: () => () => {
              this.view.zoom(undefined)
              return null
            },
          },
        },
        scales: { x: { time: false, auto: false }, y: state.log && positive ? { distr: 3 } : { range: roomFor } },
        axes: [
          { ...axis, size: 24, space: 60, ...(onSteps ? { incrs: wholeSteps } : {}) },
          {
            ...axis,
            size: 56,
            space: 30,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick, 3))),
          },
        ],
        series: [{ label: state.x }, ...series],
        bands,
        hooks: {
          setCursor: [() => this.#legend()],
          drawAxes: [(plot) => this.#mark(plot)],
          setSelect: [(plot) => this.#select(plot)],
        },
      },
      data,
      this.place,
    )
  }

  /** A stretch that was dragged over becomes what all figures show. */
  #select(plot) {
    const { left, width } = plot.select
    if (!(width > 4)) return
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
    this.view.zoom([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')])
  }

  #key(event) {
    const { plot } = this
    if (!plot) return
    const xs = plot.data[0]
    const { min, max } = plot.scales.x
    // A zoomed figure has a point on either side that is not in view.
    const first = Math.max(
      0,
      xs.findIndex((x) => x >= min),
    )
    const last = Math.max(
      first,
      xs.findLastIndex((x) => x <= max),
    )
    const at = plot.cursor.idx ?? last
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: first, End: last }[event.key]
    if (target !== undefined) {
      const index = Math.max(first, Math.min(last, target))
      plot.setCursor({ left: plot.valToPos(xs[index], 'x'), top: 10 }, true, true)
      $('#spoken').textContent = `${this.legend.textContent}`
    } else if (event.key === '+' || event.key === '-') {
      const middle = xs[at] ?? (min + max) / 2
      const half = ((max - min) / 2) * (event.key === '+' ? 0.5 : 2)
      const ends = [Math.max(xs[0], middle - half), Math.min(xs.at(-1), middle + half)]
      this.view.zoom(event.key === '-' && ends[0] <= xs[0] && ends[1] >= xs.at(-1) ? undefined : ends)
    } else if (event.key === 'Escape') this.view.zoom(undefined)
    else return
    event.preventDefault()
  }

  /** Warnings as lines from the top, at their steps. */
  #mark(plot) {
    if (this.view.comparing) return
    const [entry] = this.view.runs()
    if (!entry || entry.warnings.length === 0) return
    const steps = entry.columns.step ?? []
    const xs = xOf(entry, this.metric.evaluation, this.view.state.x)
    const place = (step) =>
      this.view.state.x === 'step' || this.metric.evaluation ? step : xs[steps.findIndex((one) => one >= step)]
    const { left, top, width, height } = plot.bbox
    const ratio = devicePixelRatio
    plot.ctx.save()
    plot.ctx.strokeStyle = color('s1')
    plot.ctx.fillStyle = color('s1')
    plot.ctx.lineWidth = ratio
    plot.ctx.setLineDash([3 * ratio, 3 * ratio])
    for (const step of new Set(entry.warnings.slice(-mostMarks).map((warning) => warning.step))) {
      const x = Math.round(plot.valToPos(place(step) ?? Number.NaN, 'x', true))
      if (!(x >= left && x <= left + width)) continue
      plot.ctx.globalAlpha = 0.45
      plot.ctx.beginPath()
      plot.ctx.moveTo(x, top)
      plot.ctx.lineTo(x, top + height)
      plot.ctx.stroke()
      plot.ctx.globalAlpha = 1
      plot.ctx.beginPath()
      plot.ctx.moveTo(x - 4 * ratio, top)
      plot.ctx.lineTo(x + 4 * ratio, top)
      plot.ctx.lineTo(x, top + 6 * ratio)
      plot.ctx.fill()
    }
    plot.ctx.restore()
  }

  #legend() {
    if (!this.plot) return
    const xs = this.plot.data[0]
    const { idx } = this.plot.cursor
    const index = idx ?? xs.length - 1
    const named = this.view.comparing || this.lines.length > 1
    let style = -1
    this.legend.replaceChildren(
      ...this.lines.flatMap(({ name, edge }, i) => {
        if (edge) return []
        style++
        const item = make('li', undefined, { class: `s${style % styleCount}` })
        const swatch = make('span', '■', { 'aria-hidden': 'true' })
        swatch.style.color = `var(--s${style % styleCount})`
        const column = this.plot.data[i + 1]
        let at = index
        while (at > 0 && (column[at] === null || column[at] === undefined)) at--
        item.append(swatch, ...(named ? [`${name} `] : []), make('output', format(column[at])))
        return [item]
      }),
      make('li', xs.length === 0 ? '' : `${this.#axisName()} ${format(xs[index], 6)}`, { class: 'at' }),
    )
    if (!this.view.comparing && idx !== null && idx !== undefined) this.#warningAt(xs[index])
  }

  /** The warning of the step at the cursor. */
  #warningAt(x) {
    if (this.view.state.x !== 'step') return
    const [entry] = this.view.runs()
    const found = entry?.warnings.findLast(({ step }) => step === x)
    if (found) this.legend.append(make('li', `! ${found.message}`, { class: 'warning' }))
  }

  #axisName() {
    return this.metric.evaluation ? 'step' : axisNames[this.view.state.x]
  }

  /** The figure on the page's color, with its title and legend. */
  save() {
    this.show(true)
    const { canvas } = this.plot.ctx
    const ratio = devicePixelRatio
    const head = 44 * ratio
    const whole = make('canvas', undefined, { width: canvas.width, height: canvas.height + head })
    const ctx = whole.getContext('2d')
    ctx.fillStyle = color('paper')
    ctx.fillRect(0, 0, whole.width, whole.height)
    ctx.fillStyle = color('ink')
    ctx.font = `600 ${14 * ratio}px system-ui, sans-serif`
    ctx.fillText([this.metric.title, this.metric.unit].filter(Boolean).join(', '), 8 * ratio, 18 * ratio)
    ctx.font = `${12 * ratio}px system-ui, sans-serif`
    let x = 8 * ratio
    this.lines
      .filter(({ edge }) => !edge)
      .forEach(({ name }, i) => {
        ctx.fillStyle = color(`s${i % styleCount}`)
        ctx.fillText(`■ ${name}`, x, 36 * ratio)
        x += ctx.measureText(`■ ${name}   `).width
      })
    ctx.drawImage(canvas, 0, head)
    const name = (this.metric.key ?? this.metric.name).replaceAll(/[^\w.-]+/g, '-')
    make('a', undefined, { download: `${name}.png`, href: whole.toDataURL('image/png') }).click()
  }
}
