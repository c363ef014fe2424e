/** Metrics of what the updates do to the policy's entropy, and of what controls it. */
import type { Metrics, SharedFigures } from './metric.js'

export const entropyMetrics = {
  entropy_target: {
    title: 'Entropy target',
    unit: 'nats',
    caption: 'The entropy that entropy.target asks for in the step.',
    combine: 'mean',
    shown: { figure: 'entropy-target', curve: 'target' },
  },
  setpoint_high: {
    title: 'Upper bound that the controller chose',
    unit: 'score',
    caption: 'Upper bound: tokens with a higher score whose update works against the wanted change are masked.',
    combine: 'mean',
    shown: { figure: 'setpoint-bounds', curve: 'upper' },
  },
  setpoint_low: {
    title: 'Lower bound that the controller chose',
    unit: 'score',
    caption: 'Lower bound: tokens with a lower score whose update works against the wanted change are masked.',
    combine: 'mean',
    shown: { figure: 'setpoint-bounds', curve: 'lower' },
  },
  setpoint_mu: {
    title: 'The controller’s bound in standard deviations',
    caption: 'Distance of both bounds from the center in standard deviations (sigma), like muLow and muHigh.',
    combine: 'mean',
    shown: { group: 'dynamics', curve: 'mu', include: [0] },
  },
  setpoint_wanted_dH: {
    title: 'Predicted change that the controller wants',
    unit: 'nats per unit step on the logits',
    caption: 'The predicted change of entropy that would bring it to the target.',
    combine: 'mean',
    shown: { figure: 'setpoint-wanted', curve: 'wanted' },
  },
  setpoint_gain: {
    title: 'Gain that the controller estimates',
    caption: 'Measured over predicted change: how many nats per step a predicted dH of 1 moves entropy.',
    combine: 'mean',
    shown: { group: 'dynamics', curve: 'gain', include: [0] },
  },
  setpoint_drift: {
    title: 'Drift that the controller estimates',
    unit: 'nats per step',
    caption: 'Change of entropy that no prediction explains; the wanted change offsets it.',
    combine: 'mean',
    shown: { group: 'dynamics', curve: 'drift' },
  },
  setpoint_short: {
    title: 'Target out of reach',
    caption:
      '1 when masking could not give the wanted change; between 0 and 1 when that held for some of the step’s updates.',
    combine: 'mean',
    better: 'lower',
    shown: { group: 'dynamics', curve: 'short' },
  },
  entropy_coef: {
    title: 'Coefficient of the entropy bonus',
    caption: 'Coefficient of an adaptive or scheduled entropy bonus in the step.',
    combine: 'mean',
    shown: { group: 'dynamics', curve: 'coefficient', include: [0] },
  },
  entropy_control_alpha: {
    title: 'Coefficient of EntroPIC',
    caption: 'The coefficient alpha of entropic in the step: above 0 it lowers entropy, below 0 it raises it.',
    combine: 'mean',
    shown: { group: 'dynamics', curve: 'alpha', include: [0] },
  },
  entropy_control_weight: {
    title: 'Weight of STARE',
    caption:
      'The weight of the most surprising tokens with A > 0 under stare; 1 while entropy is at or above the target.',
    combine: 'mean',
    shown: { group: 'dynamics', curve: 'weight', include: [1] },
  },
  entropy_band_low: {
    title: 'Lower bound of the band',
    unit: 'nats',
    caption: 'The lower bound of the band of entropy that entrocraft holds in the step.',
    combine: 'mean',
    shown: { figure: 'entropy-band', curve: 'lower' },
  },
  entropy_band_high: {
    title: 'Upper bound of the band',
    unit: 'nats',
    caption: 'The upper bound of that band.',
    combine: 'mean',
    shown: { figure: 'entropy-band', curve: 'upper' },
  },
  cov_A_Sc: {
    title: 'Covariance of advantage and centered score',
    unit: 'nats',
    caption:
      'Cov(A, Sc) over the policy tokens, the scores from before the update. Entropy falls, in expectation, ' +
      'when it is above 0.',
    combine: 'mean',
    bounded: true,
    shown: { figure: 'covariance', curve: 'Cov(A, Sc)' },
  },
  cov_A_rSc: {
    title: 'Covariance of advantage and r times the centered score',
    unit: 'nats',
    caption: 'Cov(A, r Sc) over the policy tokens: the same for an off-policy batch, with the importance ratio r.',
    combine: 'mean',
    bounded: true,
    shown: { figure: 'covariance', curve: 'Cov(A, r Sc)' },
  },
  pred_dH_kept: {
    title: 'Predicted change of entropy by the kept tokens',
    unit: 'nats per unit step on the logits',
    caption:
      '−(1/N) Σ m c g Sc over the tokens that pass the mask, per unit step on z/T, with an entropy bonus’s share.',
    combine: 'mean',
    bounded: true,
    shown: { figure: 'predicted', curve: 'kept' },
  },
  pred_dH_masked: {
    title: 'Predicted change of entropy by the masked tokens',
    unit: 'nats per unit step on the logits',
    caption: 'The same over the masked tokens: the change that the mask prevented.',
    combine: 'mean',
    bounded: true,
    shown: { figure: 'predicted', curve: 'masked' },
  },
  undecided_fraction: {
    title: 'Tokens whose mask is undecided',
    unit: 'share of policy tokens',
    caption:
      'Tokens that a clip can neither mask nor keep for certain, as the backend gives bounds of their scores only.',
    combine: 'share',
    better: 'lower',
    shown: { group: 'dynamics', curve: 'undecided', include: [0] },
  },
  masked_low_fraction: {
    title: 'Tokens masked at the lower bound',
    unit: 'share of policy tokens',
    caption: 'Tokens that a clip masked because their score is below its lower bound.',
    combine: 'share',
    shown: { figure: 'masked', curve: 'below' },
  },
  masked_high_fraction: {
    title: 'Tokens masked at the upper bound',
    unit: 'share of policy tokens',
    caption: 'Tokens that a clip masked because their score is above its upper bound.',
    combine: 'share',
    shown: { figure: 'masked', curve: 'above' },
  },
  masked_fraction: {
    title: 'Masked tokens',
    unit: 'share of policy tokens',
    caption: 'Tokens whose gradient the entropy methods stopped.',
    combine: 'share',
    shown: { figure: 'masked-total', curve: 'masked' },
  },
} satisfies Metrics

export const entropyFigures = {
  'entropy-target': {
    group: 'dynamics',
    title: 'Entropy and its target',
    unit: 'nats',
    caption: 'The target that the controller holds, and the mean entropy of the step’s rollouts.',
    include: [0],
  },
  'entropy-band': {
    group: 'dynamics',
    title: 'Band of entropy',
    unit: 'nats',
    caption: 'Above the band entrocraft trains on positive advantages alone, below it on negative ones.',
  },
  'setpoint-bounds': {
    group: 'dynamics',
    title: 'Bounds that the controller chose',
    unit: 'score',
    caption:
      'Tokens whose score lies outside and whose update works against the wanted change are masked. A gap: none were.',
  },
  'setpoint-wanted': {
    group: 'dynamics',
    title: 'Predicted change that the controller wants',
    unit: 'nats per unit step on the logits',
    caption: 'Wanted, and kept after masking; apart where masking fell short.',
  },
  covariance: {
    group: 'dynamics',
    title: 'Covariance of advantage and centered score',
    unit: 'nats',
    caption:
      'Above 0 the batch, in expectation, pushes entropy down; below 0, up. Sc is the score S* less its mean over the ' +
      'vocabulary, and r the ratio of the present policy to the one that sampled.',
    in: 'both',
  },
  predicted: {
    group: 'dynamics',
    title: 'Predicted change of entropy',
    unit: 'nats per unit step on the logits',
    caption:
      'First-order prediction from the tokens’ scores, split into the updates that went through and those that the ' +
      'method masked. An optimizer step is not a unit step on the logits, so its size is not comparable with ' +
      'the measured change.',
  },
  masked: {
    group: 'dynamics',
    title: 'Masked tokens',
    unit: 'share of policy tokens',
    caption:
      'Tokens whose gradient the methods stopped. Of a clip apart: those whose score lay below and above its bounds.',
    include: [0],
  },
  'masked-total': {
    group: 'dynamics',
    title: 'Masked tokens',
    unit: 'share of policy tokens',
    caption: 'Tokens whose gradient the method stopped, on both sides together.',
    include: [0],
    in: 'comparison',
  },
} satisfies SharedFigures
