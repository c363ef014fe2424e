/**
 * The live panel. {@link renderPanel} draws a state as lines, purely; the rest keeps the state from events and hands
 * frames to log-update, at most a few a second.
 */
import { createLogUpdate } from 'log-update'
import type { Colors } from 'picocolors/types.js'
import type { TrainEvent } from '../../../train/events.js'
import { type Concern, faq } from '../../../train/health/health.js'
import { formatDuration } from '../../format.js'
import { sparkline } from '../sparkline.js'
import { visibleLength } from '../table.js'
import { oneLine, truncate, wrap } from '../text.js'
import { createTimeLeft } from '../time-left.js'
import type { Panel, PanelEvent, PanelOptions } from './panel.js'
import { warningLine } from './plain.js'
import type { PanelView } from './view.js'

export interface PanelState<Step, Evaluation> {
  title: string
  totalSteps: number
  /** The values of the view's two curves so far. */
  curves: [number[], number[]]
  metrics?: Step
  phase?: Extract<TrainEvent, { type: 'phase' }>
  heldOut?: Evaluation
  /** What is wrong after the last step. */
  concerns?: Concern[]
  secondsGone: number
  secondsLeft?: number
  /** The run is over, whether it reached its last step or not. */
  closed: boolean
}

const frameMilliseconds = 100
const tickMilliseconds = 1000

export function createLivePanel<Step extends { step: number }, Evaluation extends { step: number }>(
  stream: NodeJS.WriteStream,
  options: PanelOptions,
  colors: Colors,
  view: PanelView<Step, Evaluation>,
): Panel<PanelEvent<Step, Evaluation>> {
  const log = createLogUpdate(stream)
  const seconds = () => performance.now() / 1000
  const start = seconds()
  const timeLeft = createTimeLeft(start)
  const state: PanelState<Step, Evaluation> = {
    title: options.title,
    totalSteps: options.totalSteps,
    curves: [[], []],
    secondsGone: 0,
    closed: false,
  }
  let shown: string[] = []
  let columns = stream.columns ?? 80
  let pending: NodeJS.Timeout | undefined
  let ticker: NodeJS.Timeout | undefined

  const draw = () => {
    clearTimeout(pending)
    pending = undefined
    const now = seconds()
    state.secondsGone = now - start
    state.secondsLeft = timeLeft.estimate(Math.max(0, state.totalSteps - stepsDone(state)), now)
    const lines = renderPanel(view, state, columns, colors)
    // log-update patches lines in place; a frame of another height is drawn anew.
    if (lines.length !== shown.length) log.clear()
    shown = lines
    log(lines.join('\n'))
  }
  const drawSoon = () => {
    pending ??= setTimeout(draw, frameMilliseconds).unref()
  }
  const onResize = () => {
    const before = columns
    columns = stream.columns ?? 80
    log.clear()
    // A terminal that became narrower has wrapped the old lines: the rows that this added are still above.
    const wrapped = shown.reduce((rows, line) => rows + Math.max(0, Math.ceil(visibleLength(line) / columns) - 1), 0)
    if (columns < before && wrapped > 0) stream.write('\x1b[1A\x1b[2K'.repeat(wrapped))
    draw()
  }
  /** With the first event: until then a download or a word on where the run goes may write to the terminal. */
  const begin = () => {
    if (ticker !== undefined) return
    ticker = setInterval(draw, tickMilliseconds).unref()
    stream.on('resize', onResize)
  }
  const aside = (write: () => void) => {
    if (ticker === undefined || state.closed) return write()
    log.clear()
    shown = []
    write()
    draw()
  }

  return {
    onEvent(event) {
      if (state.closed) return
      begin()
      if (event.type === 'warning') {
        const lines = wrap(warningLine(event.step, event.message), columns - 1)
        return aside(() => stream.write(`${lines.map((line) => colors.yellow(line)).join('\n')}\n`))
      }
      if (event.type === 'phase') {
        timeLeft.phase(event.phase, seconds())
        state.phase = event
      } else if (event.type === 'eval') {
        state.heldOut = event.metrics
      } else {
        timeLeft.step(seconds())
        state.metrics = event.metrics
        state.concerns = view.concerns?.(event.metrics)
        state.phase = undefined
        view.curves.forEach(({ value }, i) => {
          state.curves[i].push(value(event.metrics) ?? Number.NaN)
        })
      }
      drawSoon()
    },
    aside,
    close() {
      if (state.closed) return
      state.closed = true
      if (ticker === undefined) return
      clearInterval(ticker)
      stream.off('resize', onResize)
      draw()
      log.done()
    },
  }
}

/** The panel's lines, each shorter than `columns`. */
export function renderPanel<Step extends { step: number }, Evaluation extends { step: number }>(
  view: PanelView<Step, Evaluation>,
  state: PanelState<Step, Evaluation>,
  columns: number,
  colors: Colors,
): string[] {
  const width = Math.max(16, Math.min(columns - 1, 100))
  return [
    colors.bold(oneLine(state.title, width)),
    ...progressLines(state, width, colors),
    ...(state.metrics ? curveLines(view, state.metrics, state.curves, width, colors) : []),
    ...(state.metrics ? factLines(view.facts(state.metrics), width, colors) : []),
    ...(state.heldOut ? heldOutLine(view.evaluationFacts(state.heldOut), width, colors) : []),
    ...(state.concerns ?? []).flatMap((concern) => concernLines(concern, width, colors)),
  ]
}

type Progress = Omit<PanelState<{ step: number }, unknown>, 'curves'>

/** A resumed run begins in the middle: before its first step has ended, the phase says which one it is. */
function stepsDone({ metrics, phase }: Progress): number {
  return metrics?.step ?? Math.max(0, (phase?.step ?? 1) - 1)
}

function progressLines(state: Progress, width: number, colors: Colors): string[] {
  const { phase, secondsGone, secondsLeft } = state
  const done = stepsDone(state)
  const gone = formatDuration(secondsGone)
  const time = state.closed
    ? `${done >= state.totalSteps ? 'done in' : 'stopped after'} ${gone}`
    : secondsLeft === undefined
      ? 'estimating'
      : `${formatDuration(secondsLeft)} left`
  const lines = [{ label: `step ${done}/${state.totalSteps}`, share: done / Math.max(1, state.totalSteps), note: time }]
  if (!state.closed) {
    const counted = phase?.done !== undefined && phase.total !== undefined && phase.total > 0
    lines.push({
      label: phase?.phase ?? 'waiting',
      share: counted ? phase.done! / phase.total! : 0,
      note: counted ? `${phase.done}/${phase.total}` : `${gone} so far`,
    })
  }
  const labelWidth = Math.max(10, lines[0].label.length)
  const noteWidth = Math.max(12, ...lines.map(({ note }) => note.length))
  const barWidth = width - labelWidth - noteWidth - 4
  return lines.map(({ label, share, note }) => {
    if (barWidth < 6) return truncate(`${label}  ${note}`, width)
    return `${label.padEnd(labelWidth)}  ${bar(share, barWidth, colors)}  ${note}`
  })
}

function bar(share: number, width: number, colors: Colors): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width)
  return colors.green('━'.repeat(full)) + colors.dim('─'.repeat(width - full))
}

function curveLines<Step extends { step: number }>(
  { curves }: Pick<PanelView<Step, never>, 'curves'>,
  metrics: Step,
  values: [number[], number[]],
  width: number,
  colors: Colors,
): string[] {
  const beside = width >= 60
  const room = beside ? Math.floor((width - 4) / 2) : width
  const [first, second] = curves.map(({ label, value, text }, i) => {
    const head = truncate(`${label.padEnd(10)}${text(value(metrics))}`, room)
    const line = sparkline(values[i], Math.max(0, room - head.length - 1))
    const drawn = colors.dim(head.slice(0, 10)) + head.slice(10) + (line === '' ? '' : ` ${colors.cyan(line)}`)
    return { length: visibleLength(drawn), text: drawn }
  })
  return beside ? [`${first.text}${' '.repeat(room - first.length + 4)}${second.text}`] : [first.text, second.text]
}

function factLines(facts: [string, string | undefined][], width: number, colors: Colors): string[] {
  const list = facts.filter((fact): fact is [string, string] => fact[1] !== undefined)
  const perLine = Math.max(1, Math.floor((width + 2) / 27))
  const lines: string[] = []
  for (let i = 0; i < list.length; i += perLine) {
    const cells = list.slice(i, i + perLine).map(([label, value]) => {
      const text = truncate(`${label.padEnd(10)}${value}`, Math.min(width, 25))
      return { text: `${colors.dim(text.slice(0, 10))}${text.slice(10)}`, length: [...text].length }
    })
    lines.push(
      cells.map(({ text, length }, j) => (j < cells.length - 1 ? text + ' '.repeat(27 - length) : text)).join(''),
    )
  }
  return lines
}

function heldOutLine(facts: string, width: number, colors: Colors): string[] {
  const line = truncate(`held out  ${facts}`, width)
  return [`${colors.dim(line.slice(0, 10))}${line.slice(10)}`]
}

const concernLines = ({ text }: Concern, width: number, colors: Colors): string[] =>
  wrap(`! ${text}; see ${faq}`, width).map((line) => colors.yellow(line))
