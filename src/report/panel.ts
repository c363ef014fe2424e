/** What a training run shows while it works: a live panel on a terminal, one line a step anywhere else. */
import pc from 'picocolors'
import type { TrainEvent } from '../train/events.js'
import { createLivePanel } from './panel-live.js'
import { createPlainPanel } from './panel-plain.js'

export interface TrainPanel {
  onEvent(event: TrainEvent): void
  /** Leaves the last state on the screen and gives the cursor back; may be called more than once. */
  close(): void
}

export interface TrainPanelOptions {
  isTty: boolean
  totalSteps: number
  title: string
}

/** NO_COLOR takes colours away; a terminal that cannot move its cursor (TERM=dumb) gets plain lines. */
export function createTrainPanel(stream: NodeJS.WriteStream, options: TrainPanelOptions): TrainPanel {
  const live = options.isTty && process.env.TERM !== 'dumb'
  const colors = pc.createColors(live && !process.env.NO_COLOR)
  return live ? createLivePanel(stream, options, colors) : createPlainPanel(stream, options)
}
