/** One figure: a chart by uPlot, its legend, and its buttons. */
import { linesOf } from './series.js'

const { make, format } = globalThis.report

const styleCount = 6
const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 3]]
const plotHeight = 190
const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]

/** A tenth above and below; a constant curve gets an axis around its value. */
function roomFor(_plot, low, high) {
  if (low === null) return [0, 1]
  const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * 0.08
  return [low - room, high + room]
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/**
 * A figure of one metric. `view` is the page that it stands on: its runs, its choices (along, smoothing, log, band), and what is
 * pinned.
 */
export class Curve {
  constructor(metric, view) {
    this.metric = metric
    this.view = view
    this.figure = make('figure', undefined, { class: 'curve', 'data-key': metric.name })
    const title = make('h3', metric.title)
    if (metric.unit) title.append(make('span', metric.unit, { class: 'unit' }))
    const tools = make('span', undefined, { class: 'tools' })
    const pin = make('button', 'pin', {
      type: 'button',
      'aria-pressed': String(view.pinned.has(metric.key)),
      'aria-label': `pin ${metric.title}`,
    })
    pin.addEventListener('click', () => {
      view.pin(metric.key)
    })
    const png = make('button', 'PNG', { type: 'button', 'aria-label': `save ${metric.title} as a picture` })
    png.addEventListener('click', () => this.save())
    tools.append(...(metric.evaluation ? [] : [pin]), png)
    title.append(tools)
    this.legend = make('ul', undefined, { class: 'legend' })
    this.place = make('div', undefined, { class: 'plot', tabindex: '0', role: 'img', 'aria-label': metric.title })
    this.figure.append(title, this.legend, this.place, make('figcaption', metric.caption))
    this.visible = false
    new ResizeObserver(() => {
      if (this.plot && this.place.clientWidth > 0 && this.place.clientWidth !== this.plot.width)
        this.plot.setSize({ width: this.place.clientWidth, height: plotHeight })
    }).observe(this.place)
  }

  build() {
    this.visible = true
    if (!this.plot) this.refresh()
  }

  refresh() {
    if (!this.visible) return
    const { state } = this.view
    const lines = linesOf(this.view.runs(), this.metric, { ...state, band: this.view.comparing && state.band })
    const shape = `${lines.map(({ name }) => name).join('|')}|${state.log}|${state.x}`
    const data = uPlot.join(lines.map(({ x, y }) => [x, y]))
    if (this.plot && shape === this.shape) {
      const { min, max } = this.plot.scales.x
      const whole = min === null || (min <= this.plot.data[0][0] && max >= this.plot.data[0].at(-1))
      this.plot.setData(data, whole)
    } else {
      this.plot?.destroy()
      this.shape = shape
      this.lines = lines
      this.plot = this.make(lines, data)
    }
    this.show()
  }

  make(lines, data) {
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
              fill: `${color(`s${lines.slice(0, i).filter((line) => !line.edge).length - 1}`)}22`,
            },
          ]
        : [],
    )
    return new uPlot(
      {
        width: this.place.clientWidth || 360,
        height: plotHeight,
        legend: { show: false },
        cursor: { sync: { key: `${state.x}${this.metric.evaluation ? 'e' : ''}` }, y: false },
        scales: { x: { time: false }, y: state.log && positive ? { distr: 3 } : { range: roomFor } },
        axes: [
          { ...axis, size: 24, space: 60, ...(state.x === 'step' ? { incrs: wholeSteps } : {}) },
          {
            ...axis,
            size: 56,
            space: 30,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick, 3))),
          },
        ],
        series: [{ label: state.x }, ...series],
        bands,
        hooks: { setCursor: [() => this.show()], drawAxes: [(plot) => this.mark(plot)] },
      },
      data,
      this.place,
    )
  }

  /** Warnings as thin lines at their steps. */
  mark(plot) {
    if (this.view.comparing || this.view.state.x !== 'step') return
    const [{ warnings: list }] = this.view.runs()
    plot.ctx.save()
    plot.ctx.strokeStyle = color('s1')
    plot.ctx.globalAlpha = 0.6
    for (const { step } of list.slice(-200)) {
      const x = Math.round(plot.valToPos(step, 'x', true))
      if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue
      plot.ctx.beginPath()
      plot.ctx.moveTo(x, plot.bbox.top)
      plot.ctx.lineTo(x, plot.bbox.top + 8)
      plot.ctx.stroke()
    }
    plot.ctx.restore()
  }

  show() {
    if (!this.plot) return
    const xs = this.plot.data[0]
    const index = this.plot.cursor.idx ?? xs.length - 1
    let style = -1
    this.legend.replaceChildren(
      ...this.lines.flatMap(({ name, edge }, i) => {
        if (edge) return []
        style++
        const item = make('li', undefined, { class: `s${style % styleCount}` })
        const swatch = make('span', '■', { 'aria-hidden': 'true' })
        swatch.style.color = `var(--s${style % styleCount})`
        let at = index
        while (at > 0 && (this.plot.data[i + 1][at] === null || this.plot.data[i + 1][at] === undefined)) at--
        item.append(
          swatch,
          ...(this.view.comparing ? [`${name} `] : []),
          make('output', format(this.plot.data[i + 1][at])),
        )
        return [item]
      }),
      make('li', xs.length === 0 ? '' : `${this.view.state.x} ${format(xs[index], 6)}`, { class: 'at' }),
    )
  }

  save() {
    const link = make('a', undefined, {
      download: `${this.metric.key.replaceAll('/', '-')}.png`,
      href: this.plot.ctx.canvas.toDataURL('image/png'),
    })
    link.click()
  }

  destroy() {
    this.plot?.destroy()
  }
}
