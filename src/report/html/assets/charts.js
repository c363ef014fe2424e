/**
 * Draws the line charts from the data that each figure carries, keeps their cursors together, smooths, and fills the
 * tables of numbers.
 */
;(() => {
  const { $, $$, dataOf, make, format } = globalThis.report

  // Colours come from the style sheet, so that light, dark and print are decided in one place.
  const styles = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 3]]
  let palette
  function readPalette() {
    const style = getComputedStyle(document.documentElement)
    const color = (name) => style.getPropertyValue(`--${name}`).trim()
    palette = {
      paper: color('paper'),
      soft: color('soft'),
      grid: color('grid'),
      zero: color('zero'),
      series: styles.map((_, i) => color(`s${i}`)),
    }
  }

  const plotHeight = 240
  const hidden = new Set()
  let smoothing = 1
  let charts = []

  /** Mean of each point and those before it, `count` at most; gaps stay gaps. */
  function trailingMean(values, count) {
    return values.map((value, i) => {
      if (value === null) return null
      const known = values.slice(Math.max(0, i - count + 1), i + 1).filter((v) => v !== null)
      return known.reduce((sum, v) => sum + v, 0) / known.length
    })
  }

  function rangeOf(data) {
    return (_, min, max) => {
      if (min === null) return [0, 1]
      const low = Math.min(min, ...data.include)
      const high = Math.max(max, ...data.include)
      if (low === high) return [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1]
      const room = (high - low) * 0.06
      // A bound that has a meaning, as 0 of a share, is the edge itself.
      return [data.include.includes(low) ? low : low - room, data.include.includes(high) ? high : high + room]
    }
  }

  function axisSize(plot, values) {
    if (!values) return 40
    plot.ctx.save()
    plot.ctx.font = plot.axes[1].font[0]
    const widest = Math.max(...values.map((value) => plot.ctx.measureText(value ?? '').width))
    plot.ctx.restore()
    return Math.ceil(widest / devicePixelRatio) + 14
  }

  /** All ticks of an axis with as many decimals as its increment has. */
  function tickLabels(_plot, ticks, _axis, _space, increment) {
    const largest = Math.max(...ticks.map(Math.abs))
    if (largest >= 1e6 || largest < 1e-3) return ticks.map((tick) => format(tick, 3))
    const places = Math.max(0, -Math.floor(Math.log10(increment) + 1e-9))
    const extra = Math.abs(increment * 10 ** places - Math.round(increment * 10 ** places)) > 1e-6 ? 1 : 0
    return ticks.map((tick) =>
      tick
        .toFixed(places + extra)
        .replace(/^-(?=.*[1-9])/, '−')
        .replace(/^-/, ''),
    )
  }

  function drawZero(plot) {
    const { min, max } = plot.scales.y
    if (!(min < 0 && max > 0)) return
    const y = Math.round(plot.valToPos(0, 'y', true)) + 0.5
    plot.ctx.save()
    plot.ctx.strokeStyle = palette.zero
    plot.ctx.lineWidth = devicePixelRatio
    plot.ctx.beginPath()
    plot.ctx.moveTo(plot.bbox.left, y)
    plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y)
    plot.ctx.stroke()
    plot.ctx.restore()
  }

  function buildChart(figure) {
    const data = dataOf(figure)
    const place = $('.plot', figure)
    const smooth = data.smooth && smoothing > 1
    const tables = data.series.map(({ x, y }) => (smooth ? [x, y, trailingMean(y, smoothing)] : [x, y]))
    const font = `12px ${getComputedStyle(document.body).fontFamily}`
    const series = [{ label: data.xLabel }]
    for (const { name, style } of data.series) {
      const line = {
        label: name,
        show: !hidden.has(name),
        dash: styles[style % styles.length],
        points: { show: data.marks, size: 7, fill: () => palette.paper },
      }
      const stroke = () => palette.series[style % styles.length]
      const faint = () => `${stroke()}4d`
      if (smooth) series.push({ ...line, stroke: faint, width: 1, dash: [] })
      series.push({ ...line, stroke, width: 2 })
    }
    const perSeries = smooth ? 2 : 1
    const axis = {
      stroke: () => palette.soft,
      font,
      ticks: { show: false },
      grid: { stroke: () => palette.grid, width: 1 },
    }
    const plot = new uPlot(
      {
        width: place.clientWidth,
        height: plotHeight,
        legend: { show: false },
        cursor: {
          sync: { key: data.xLabel, setSeries: false },
          y: false,
          points: {
            size: 7,
            width: 1.5,
            stroke: () => palette.paper,
            fill: (_, i) => palette.series[data.series[Math.floor((i - 1) / perSeries)].style % styles.length],
          },
        },
        scales: {
          x: {
            time: false,
            // All of the data is the whole run, so that every figure shows the same steps; less is a zoom.
            range: (plot, min, max) => {
              const steps = plot.data[0]
              return min === null || (min <= steps[0] && max >= steps.at(-1)) ? data.xRange : [min, max]
            },
          },
          y: data.log ? { distr: 3 } : { range: rangeOf(data) },
        },
        axes: [
          {
            ...axis,
            size: 26,
            gap: 4,
            space: 60,
            label: data.xLabel,
            labelSize: 18,
            labelGap: 0,
            labelFont: font,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000],
          },
          {
            ...axis,
            size: axisSize,
            gap: 6,
            space: 34,
            values: data.log ? (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))) : tickLabels,
          },
        ],
        series,
        hooks: { drawAxes: [drawZero], setCursor: [() => showValues(chart)] },
      },
      uPlot.join(tables),
      place,
    )
    const chart = { figure, data, plot, perSeries, place }
    showValues(chart)
    return chart
  }

  /** Writes the values at the cursor, or else the last ones, into the legend. */
  function showValues({ figure, data, plot, perSeries }) {
    const steps = plot.data[0]
    const index = plot.cursor.idx ?? steps.length - 1
    $$('.legend output', figure).forEach((output, i) => {
      const value = plot.data[(i + 1) * perSeries][index]
      output.textContent = value === undefined || hidden.has(data.series[i].name) ? '' : format(value)
    })
    const last = plot.cursor.idx === null || plot.cursor.idx === undefined
    const note = perSeries > 1 ? `, mean of ${smoothing}` : ''
    $('.legend .at', figure).textContent = `${last ? 'last: ' : ''}${data.xLabel} ${steps[index]}${note}`
  }

  function mount() {
    for (const { plot } of charts) plot.destroy()
    charts = $$('figure.chart').map(buildChart)
  }

  function repaint() {
    readPalette()
    for (const { plot } of charts) plot.redraw(false, true)
  }

  function moveCursor(chart, event) {
    const steps = chart.plot.data[0]
    const at = chart.plot.cursor.idx ?? steps.length - 1
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length - 1 }[event.key]
    if (target === undefined) return
    event.preventDefault()
    const index = Math.max(0, Math.min(steps.length - 1, target))
    chart.plot.setCursor({ left: chart.plot.valToPos(steps[index], 'x'), top: 10 }, true, true)
    const values = chart.data.series.map(
      ({ name }, i) => `${name} ${format(chart.plot.data[(i + 1) * chart.perSeries][index])}`,
    )
    $('#spoken').textContent = `${chart.data.xLabel} ${steps[index]}: ${values.join(', ')}`
  }

  /** Hides or shows a series in every figure that has one of this name. */
  function toggleSeries(name) {
    if (!hidden.delete(name)) hidden.add(name)
    for (const chart of charts) {
      const { figure, plot, data, perSeries } = chart
      const buttons = $$('.legend button', figure)
      data.series.forEach((one, i) => {
        if (one.name !== name) return
        for (let k = 1; k <= perSeries; k++) plot.setSeries(i * perSeries + k, { show: !hidden.has(name) })
        buttons[i]?.setAttribute('aria-pressed', String(!hidden.has(name)))
      })
      showValues(chart)
    }
  }

  /** The figure's series as a table, made when somebody asks for it. */
  function fillNumbers(details, figure) {
    if ($('table', details)) return
    const data = dataOf(figure)
    const [steps, ...columns] = uPlot.join(data.series.map(({ x, y }) => [x, y]))
    const table = make('table')
    const head = table.createTHead().insertRow()
    for (const name of [data.xLabel, ...data.series.map(({ name }) => name)])
      head.append(make('th', name, { scope: 'col' }))
    const body = table.createTBody()
    steps.forEach((step, i) => {
      const row = body.insertRow()
      row.append(
        make('th', step, { scope: 'row' }),
        ...columns.map((column) => make('td', column[i] === undefined ? '' : format(column[i], 6))),
      )
    })
    const scroller = make('div', undefined, {
      class: 'table',
      tabindex: '0',
      role: 'region',
      'aria-label': `Numbers of ${$('h3', figure).textContent}`,
    })
    scroller.append(table)
    details.append(scroller)
  }

  function setUpCharts() {
    if ($('figure.chart') === null) return
    readPalette()
    const longest = Math.max(
      0,
      ...$$('figure.chart')
        .map(dataOf)
        .filter(({ smooth }) => smooth)
        .flatMap(({ series }) => series.map(({ x }) => x.length)),
    )
    const label = $('.smooth')
    if (longest >= 10) {
      label.hidden = false
      const select = $('select', label)
      for (const count of [1, 5, 10, 25, 50].filter((count) => count * 2 <= longest)) {
        select.append(make('option', count === 1 ? 'none' : `mean of ${count} steps`, { value: count }))
      }
      // A browser may keep the choice over a reload.
      smoothing = Number(select.value)
      select.addEventListener('change', () => {
        smoothing = Number(select.value)
        mount()
      })
    }
    mount()
    for (const figure of $$('figure.chart')) {
      const current = () => charts.find((chart) => chart.figure === figure)
      $('.plot', figure).addEventListener('keydown', (event) => moveCursor(current(), event))
      $$('.legend button', figure).forEach((button, i) => {
        button.addEventListener('click', () => toggleSeries(current().data.series[i].name))
      })
      const details = $('.numbers', figure)
      details.addEventListener('toggle', () => fillNumbers(details, figure))
      new ResizeObserver(() => {
        const { plot, place } = current()
        if (place.clientWidth > 0 && place.clientWidth !== plot.width)
          plot.setSize({ width: place.clientWidth, height: plotHeight })
      }).observe($('.plot', figure))
    }
    for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', repaint)
  }

  setUpCharts()
})()
