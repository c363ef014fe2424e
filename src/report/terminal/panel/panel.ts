/** What a training run shows while it works: a live panel on a terminal, one line a step anywhere else. */
import pc from 'picocolors'
import type { StepMetrics, TrainEvent } from '../../../train/events.js'
import type { HealthWatch } from '../../../train/health/health.js'
import type { SftEvent } from '../../../train/sft/events.js'
import { createLivePanel } from './live.js'
import { createPlainPanel } from './plain.js'
import { type PanelView, sftView, trainView } from './view.js'

/** What every kind of run says, with metrics of its own. */
export type PanelEvent<Step, Evaluation> =
  | Exclude<TrainEvent, { type: 'step' } | { type: 'eval' }>
  | { type: 'step'; metrics: Step }
  | { type: 'eval'; metrics: Evaluation }

export interface Panel<Event> {
  onEvent(event: Event): void
  /** Runs what writes to the same terminal (a word on a signal) while nothing of the panel is on the screen. */
  aside(write: () => void): void
  /** Leaves the last state on the screen and gives the cursor back; may be called more than once. */
  close(): void
}

export interface PanelOptions {
  isTty: boolean
  totalSteps: number
  title: string
  /** Says what is wrong with the run, from the metrics that it is given; a resumed run's has seen the steps before. */
  health?: HealthWatch
}

/** NO_COLOR takes colours away; a terminal that cannot move its cursor (TERM=dumb) gets plain lines. */
function createPanel<Step extends { step: number }, Evaluation extends { step: number }>(
  stream: NodeJS.WriteStream,
  options: PanelOptions,
  view: PanelView<Step, Evaluation>,
): Panel<PanelEvent<Step, Evaluation>> {
  const live = options.isTty && process.env.TERM !== 'dumb'
  const colors = pc.createColors(live && !process.env.NO_COLOR)
  return live ? createLivePanel(stream, options, colors, view) : createPlainPanel(stream, options, view)
}

const concernsBy = (health?: HealthWatch) => (metrics: StepMetrics) => {
  health?.after(metrics)
  return health?.standing() ?? []
}

export const createTrainPanel = (stream: NodeJS.WriteStream, options: PanelOptions): Panel<TrainEvent> =>
  createPanel(stream, options, { ...trainView, concerns: concernsBy(options.health) })

export const createSftPanel = (stream: NodeJS.WriteStream, options: PanelOptions): Panel<SftEvent> =>
  createPanel(stream, options, sftView)
