/** One aligned line a step, for logs and pipes. */

import { plainText } from '../text.js'
import { createTimeLeft } from '../time-left.js'
import type { Panel, PanelEvent, PanelOptions } from './panel.js'
import type { PanelView } from './view.js'

const linesPerHeader = 20

export function createPlainPanel<Step extends { step: number }, Evaluation extends { step: number }>(
  stream: NodeJS.WritableStream,
  options: PanelOptions,
  view: PanelView<Step, Evaluation>,
): Panel<PanelEvent<Step, Evaluation>> {
  const seconds = () => performance.now() / 1000
  const timeLeft = createTimeLeft(seconds())
  let lines = 0
  return {
    onEvent(event) {
      if (event.type === 'phase') timeLeft.phase(event.phase, seconds())
      if (event.type === 'warning') stream.write(`${warningLine(event.step, event.message)}\n`)
      if (event.type === 'eval') stream.write(`${view.evaluationLine(event.metrics)}\n`)
      if (event.type === 'step') {
        if (lines++ % linesPerHeader === 0) stream.write(`${plainHeader(view)}\n`)
        timeLeft.step(seconds())
        const left = timeLeft.estimate(Math.max(0, options.totalSteps - event.metrics.step), seconds())
        stream.write(`${plainLine(view, event.metrics, options.totalSteps, left)}\n`)
      }
    },
    aside: (write) => write(),
    close() {},
  }
}

export function plainHeader({ columns }: { columns: { head: [string, string]; width: number }[] }): string {
  return [0, 1]
    .map((row) =>
      columns
        .map(({ head, width }) => head[row].padStart(width))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

export function plainLine<Step extends { step: number }, Evaluation extends { step: number }>(
  { columns }: PanelView<Step, Evaluation>,
  metrics: Step,
  totalSteps: number,
  left: number | undefined,
): string {
  return columns.map((column) => column.cell(metrics, { totalSteps, left }).padStart(column.width)).join('')
}

/** Messages that begin with their step, as they stand alone, are not given it twice. */
export function warningLine(step: number, message: string): string {
  const own = `step ${step}: `
  const text = message.startsWith(own) ? message.slice(own.length) : message
  return `warning at step ${step}: ${plainText(text).replaceAll('\n', '\n  ')}`
}
