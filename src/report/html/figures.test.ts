import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePage } from '../../../test/html.js'
import { barFigure } from './bar-figure.js'
import { lineFigure } from './line-figure.js'
import { type Html, toMarkup } from './markup.js'
import { scatterFigure } from './scatter-figure.js'
import { levelOf } from './token-strip.js'

const elementsOf = (figure: Html | undefined, name: string) =>
  parsePage(toMarkup(figure!)).elements.filter((element) => element.name === name)

describe('lineFigure', () => {
  const line = (values: number[], mayBeLog = true) => {
    const points = values.map((y, x) => [x, y] as const)
    const [script] = elementsOf(
      lineFigure({ id: 'a', title: 'A', caption: '', xRange: [0, 9], mayBeLog, series: [{ name: 'a', points }] }),
      'script',
    )
    return JSON.parse(script.text)
  }

  it('takes a logarithmic axis only for positive values over more than two orders of magnitude', () => {
    expect(line([1, 50, 101]).log).toBe(true)
    expect(line([1, 50, 100]).log).toBe(false)
    expect(line([0, 1000]).log).toBe(false)
    expect(line([1, 1000], false).log).toBe(false)
  })

  it('marks points that are too few for a line, and drops series without any', () => {
    expect(line([1, 2]).marks).toBe(true)
    expect(line([1, 2, 3]).marks).toBe(false)
    const empty = { name: 'b', points: [[0, Number.NaN]] as const }
    expect(lineFigure({ id: 'a', title: 'A', caption: '', xRange: [0, 1], series: [empty] })).toBeUndefined()
  })
})

describe('scatterFigure', () => {
  const figure = (points: [number, number][], slope?: number) =>
    scatterFigure({
      id: 'a',
      title: 'A',
      caption: '',
      xLabel: 'x',
      yLabel: 'y',
      panels: [
        {
          name: 'p',
          style: 0,
          points: points.map(([x, y]) => ({ x, y, label: '' })),
          guide: slope === undefined ? undefined : { slope, label: `slope ${slope}` },
        },
      ],
    })

  it('places points between the ends of its axes', () => {
    const circles = elementsOf(
      figure([
        [-1, 0],
        [1, 2],
      ]),
      'circle',
    )
    // x runs from -1 - 0.06 x 2 to 1.12, y from -0.12 to 2.12: 0.12 / 2.24 of the width is free at each end.
    const free = (0.12 / 2.24) * 100
    const at = (i: number, name: string) => Number.parseFloat(circles[i].attributes[name])
    expect(at(0, 'cx')).toBeCloseTo(free, 2)
    expect(at(0, 'cy')).toBeCloseTo(100 - free, 2)
    expect(at(1, 'cx')).toBeCloseTo(100 - free, 2)
    expect(at(1, 'cy')).toBeCloseTo(free, 2)
  })

  it('keeps everything, the guide too, within the frame', () => {
    const value = fc.double({ min: -1e3, max: 1e3, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }), value, (points, slope) => {
        const drawn = figure(points, slope)
        const guides = elementsOf(drawn, 'line').filter(({ attributes }) => attributes.class === 'guide')
        const numbers = [...elementsOf(drawn, 'circle'), ...guides].flatMap(({ attributes }) =>
          ['cx', 'cy', 'x1', 'x2', 'y1', 'y2'].flatMap((name) =>
            attributes[name] === undefined ? [] : Number.parseFloat(attributes[name]),
          ),
        )
        for (const number of numbers) {
          expect(number).toBeGreaterThanOrEqual(-0.001)
          expect(number).toBeLessThanOrEqual(100.001)
        }
      }),
    )
  })

  it('states correlation and agreement of signs', () => {
    const [facts] = elementsOf(
      figure(
        [
          [1, 2],
          [2, 4],
          [-1, -2],
          [-2, 1],
        ],
        2,
      ),
      'p',
    )
    // Means 0 and 5/4; sum xy = 10, sum xx = 10, sum yy = 25 - 25/4: r = 10 / sqrt(187.5) = 0.73.
    expect(facts.text).toBe('correlation 0.73 same sign in 75 % of 4 steps slope 2 ')
  })

  it('is absent without points', () => {
    expect(figure([])).toBeUndefined()
  })
})

describe('barFigure', () => {
  const figure = (values: number[]) =>
    barFigure({
      id: 'a',
      title: 'A',
      caption: '',
      labels: values.map((_, i) => String(i)),
      xLabel: 'solved',
      yLabel: 'share',
      series: [{ name: 's', style: 0, values }],
    })

  it('draws bars as high as their values', () => {
    const bars = elementsOf(figure([0.5, 0.25]), 'rect').filter(({ attributes }) => attributes.x !== undefined)
    // The axis ends 5 % above the highest bar.
    expect(bars.map(({ attributes }) => Number.parseFloat(attributes.height))).toEqual([
      expect.closeTo(100 / 1.05, 2),
      expect.closeTo(50 / 1.05, 2),
    ])
    expect(elementsOf(figure([0.5, 0.25]), 'td').map(({ text }) => text)).toEqual(['50.0 %', '25.0 %'])
  })

  it('labels only as many bins as a narrow screen holds', () => {
    const labels = (count: number) =>
      elementsOf(figure(new Array(count).fill(1 / count)), 'text').filter(({ text }) => /^\d+$/.test(text)).length
    expect(labels(9)).toBe(9)
    // 0, 2, ..., 32.
    expect(labels(33)).toBe(17)
  })

  it('is absent without values', () => {
    expect(figure([])).toBeUndefined()
  })
})

describe('levelOf', () => {
  it('rises from 0 to 5 with the size and keeps the sign', () => {
    expect([0, 0.02, 0.03, 0.2, 0.5, 1, 7].map((value) => levelOf(value, 1))).toEqual([0, 0, 1, 1, 3, 5, 5])
    expect(levelOf(-0.5, 1)).toBe(-3)
    expect(levelOf(Number.NaN, 1)).toBe(0)
    expect(levelOf(1, 0)).toBe(0)
  })
})

it('draws more points than a call takes arguments', () => {
  const points = Array.from({ length: 200_000 }, (_, i): [number, number] => [i, Math.sin(i)])
  const series = [{ name: 'a', points }]
  expect(lineFigure({ id: 'a', title: 'A', caption: '', xRange: [0, 200_000], series })).toBeDefined()
})
