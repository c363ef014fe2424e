/** Metrics of the ledger: what an optimizer step was predicted to do to the entropy of its own tokens, and what it did. */
import { type LedgerClass, ledgerClasses } from '../ledger.js'
import type { Curve, Metric, Metrics, SharedFigures } from './metric.js'

const nats = { unit: 'nats', combine: 'row' } as const

const classTexts: Record<LedgerClass, string> = {
  positive_above: 'A > 0, Sc > 0',
  positive_below: 'A > 0, Sc < 0',
  negative_above: 'A < 0, Sc > 0',
  negative_below: 'A < 0, Sc < 0',
  no_advantage: 'A = 0',
}

/** A row for each class of tokens. */
function classRows<Kind extends 'kept' | 'masked'>(
  kind: Kind,
  shown: (name: LedgerClass) => Curve | 'table',
  caption: string,
): Record<`ledger_${Kind}_${LedgerClass}`, Metric> {
  const rows = ledgerClasses.map((name): [string, Metric] => [
    `ledger_${kind}_${name}`,
    {
      ...nats,
      title: `Ledger: ${kind} tokens with ${classTexts[name]}`,
      caption: `${caption} with ${classTexts[name]}.`,
      shown: shown(name),
    },
  ])
  return Object.fromEntries(rows) as Record<`ledger_${Kind}_${LedgerClass}`, Metric>
}

export const ledgerMetricEntries = {
  ledger_pred_dH_logit: {
    ...nats,
    title: 'Ledger: change predicted by the logits',
    unit: 'nats per unit step on the logits',
    caption: 'Predicted from the scores of the tokens with gradient, as if each moved only its own logits.',
    // Against the measured change, in a scatter of its own.
    shown: 'table',
  },
  ledger_pred_dH_exact: {
    ...nats,
    title: 'Ledger: exact first-order prediction',
    caption: 'The gradient of the mean entropy times the step of the parameters. The rows below sum to it.',
    shown: { figure: 'ledger-changes', curve: 'predicted' },
  },
  ledger_measured_dH: {
    ...nats,
    title: 'Ledger: measured change',
    caption: 'Mean entropy of the step’s own tokens after the optimizer step, minus that before it.',
    shown: { figure: 'ledger-changes', curve: 'measured' },
  },
  ...classRows(
    'kept',
    (name) => (name === 'no_advantage' ? 'table' : { figure: 'ledger-shares', curve: classTexts[name] }),
    'Share of the exact prediction of the tokens that went through,',
  ),
  ...classRows('masked', () => 'table', 'What the masked tokens would have added to the exact prediction, those'),
  ledger_gradient: {
    ...nats,
    title: 'Ledger: this batch’s gradient',
    caption: 'Share of the batch’s gradient, all tokens together. Replaces the classes for weights in half precision.',
    shown: 'table',
  },
  ledger_bonus: { ...nats, title: 'Ledger: entropy bonus', caption: 'Share of the entropy bonus.', shown: 'table' },
  ledger_momentum: {
    ...nats,
    title: 'Ledger: momentum',
    caption: 'Share of AdamW’s first moment, from earlier steps.',
    shown: { figure: 'ledger-shares', curve: 'momentum' },
  },
  ledger_decay: { ...nats, title: 'Ledger: weight decay', caption: 'Share of the weight decay.', shown: 'table' },
  ledger_remainder: {
    ...nats,
    title: 'Ledger: remainder',
    caption: 'The exact prediction minus all rows: rounding, and the third order of a finite difference.',
    shown: 'table',
  },
} satisfies Metrics

export const ledgerFigures = {
  'ledger-changes': {
    group: 'ledger',
    title: 'Change of entropy in one step, on its own tokens',
    unit: 'nats',
    caption: 'Exact first-order prediction and measurement.',
    include: [0],
  },
  'ledger-shares': {
    group: 'ledger',
    title: 'Where the exact prediction comes from',
    unit: 'nats',
    caption:
      'Shares of the tokens that went through, by the signs of advantage and centered score, and of the momentum.',
    include: [0],
  },
} satisfies SharedFigures
