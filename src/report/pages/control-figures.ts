/** What is drawn of the setpoint's and the ledger's metrics. */

import { numberOf } from '../metrics.js'
import type { MetricFigure, Quantity } from './metric-figures.js'

const metric = (name: string, key: string): Quantity => ({
  name,
  keys: [key],
  value: (metrics) => numberOf(metrics[key]),
})

export const controlFigures: MetricFigure[] = [
  {
    id: 'entropy-target',
    group: 'dynamics',
    title: 'Entropy and its target',
    unit: 'nats',
    caption: 'The target that the setpoint holds, and the mean entropy of the step’s rollouts.',
    quantities: [
      {
        name: 'entropy',
        keys: [],
        value: (metrics) => (numberOf(metrics.entropy_target) === undefined ? undefined : metrics.entropy_nats),
      },
      metric('target', 'entropy_target'),
    ],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'setpoint-bounds',
    group: 'dynamics',
    title: 'Bounds that the setpoint chose',
    unit: 'score',
    caption:
      'Tokens whose score lies outside and whose update works against the wanted change are masked. A gap: none were.',
    quantities: [metric('upper', 'setpoint_high'), metric('lower', 'setpoint_low')],
    shownIn: 'run',
  },
  {
    id: 'setpoint-mu',
    group: 'dynamics',
    title: 'The setpoint’s bound in standard deviations',
    caption: 'Distance of both bounds from the centre over the batch’s sigma, as muLow and muHigh are given.',
    quantities: [metric('mu', 'setpoint_mu')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'setpoint-wanted',
    group: 'dynamics',
    title: 'Predicted change that the setpoint wants',
    unit: 'nats per unit step on the logits',
    caption: 'Wanted, and kept after masking; apart where masking fell short.',
    quantities: [
      metric('wanted', 'setpoint_wanted_dH'),
      {
        name: 'kept',
        keys: [],
        value: (metrics) =>
          numberOf(metrics.setpoint_wanted_dH) === undefined ? undefined : numberOf(metrics.pred_dH_kept),
      },
    ],
    shownIn: 'run',
  },
  {
    id: 'setpoint-gain',
    group: 'dynamics',
    title: 'Gain that the setpoint estimates',
    caption: 'Nats per step that a predicted dH of 1 moves entropy by: measured over predicted.',
    quantities: [metric('gain', 'setpoint_gain')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'setpoint-drift',
    group: 'dynamics',
    title: 'Drift that the setpoint estimates',
    unit: 'nats per step',
    caption: 'Change of entropy that no prediction explains; the wanted change offsets it.',
    quantities: [metric('drift', 'setpoint_drift')],
    shownIn: 'run',
  },
  {
    id: 'setpoint-short',
    group: 'dynamics',
    title: 'Setpoint out of reach',
    caption: '1 where masking could not give the wanted change.',
    quantities: [metric('short', 'setpoint_short')],
    shownIn: 'run',
  },
  {
    id: 'ledger-changes',
    group: 'ledger',
    title: 'Change of entropy in one step, on its own tokens',
    unit: 'nats',
    caption: 'Exact first-order prediction and measurement.',
    quantities: [metric('predicted', 'ledger_pred_dH_exact'), metric('measured', 'ledger_measured_dH')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'ledger-shares',
    group: 'ledger',
    title: 'Where the exact prediction comes from',
    unit: 'nats',
    caption:
      'Shares of the tokens that went through, by the signs of advantage and centred score, and of the momentum.',
    quantities: [
      metric('A > 0, Sc > 0', 'ledger_kept_positive_above'),
      metric('A > 0, Sc < 0', 'ledger_kept_positive_below'),
      metric('A < 0, Sc > 0', 'ledger_kept_negative_above'),
      metric('A < 0, Sc < 0', 'ledger_kept_negative_below'),
      metric('momentum', 'ledger_momentum'),
    ],
    include: [0],
    shownIn: 'run',
  },
]
