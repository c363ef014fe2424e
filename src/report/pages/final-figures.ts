/** A run in a few numbers, the same for tiles, tables and the terminal. */

import { edgeSteps } from '../../run/train/edge-steps.js'
import { formatDuration, formatFixed, formatNumber, formatPercent } from '../format.js'
import { edges, elapsedSeconds, entropyChanges, maskedShare, numberOf } from '../metrics.js'
import { correlation, extent, mean } from '../statistics.js'
import { type RunData, startsOf } from './run/data.js'

export interface FinalFigure {
  label: string
  value: string
  /** What the number is taken over. */
  note: string
  /** One of the few that head a run's report. */
  headline: boolean
}

/** In a fixed order; what a run does not have is left out. */
export function finalFigures(run: RunData): FinalFigure[] {
  const { metrics, evals } = run
  const count = edgeSteps(metrics.length)
  const ends = `mean of the first → last ${count === 1 ? 'step' : `${count} steps`}`
  const reward = edges(metrics, (line) => numberOf(line.reward_mean))
  const entropy = edges(metrics, (line) => numberOf(line.entropy_nats))
  const masked = mean(metrics.map(maskedShare))
  const covariance = mean(metrics.map((line) => numberOf(line.cov_A_Sc)))
  const changes = entropyChanges(metrics)
  const agreement = correlation(changes.map(({ predicted, measured }) => [predicted, measured] as const))
  const gradient = extent(metrics.map((line) => numberOf(line.grad_norm)))
  const list: (FinalFigure | undefined)[] = [
    figure('Reward', fromTo(reward, 3), ends, true),
    figure('Entropy, nats', fromTo(entropy, 3), ends, true),
    ...evaluations(evals),
    masked === undefined ? undefined : figure('Masked tokens', formatPercent(masked, 2), 'mean over the steps', true),
    covariance === undefined
      ? undefined
      : figure('Cov(A, Sc), nats', formatNumber(covariance, 2), 'mean over the steps; above 0 lowers entropy', false),
    agreement === undefined
      ? undefined
      : figure('Predicted dH, correlation', formatFixed(agreement, 2), 'with the measured one, over the steps', false),
    gradient && figure('Largest gradient norm', formatNumber(gradient[1]), 'over the steps', false),
    figure('Steps', String(metrics.length), 'in metrics.jsonl', false),
    figure('Time', formatDuration(elapsedSeconds(metrics, startsOf(run))), 'first to last step, without pauses', true),
  ]
  return list.filter((entry) => entry !== undefined)
}

function evaluations(evals: RunData['evals']): FinalFigure[] {
  const [first, last] = [evals[0], evals.at(-1)]
  if (first === undefined || last === undefined) return []
  const samples = last.samples
  const note = first === last ? `held out, at step ${last.step}` : `held out, at step ${first.step} → ${last.step}`
  const solved = last.pass_histogram ?? []
  const both = (key: 'avg_at_k' | 'pass_at_k' | 'reward_mean') =>
    first === last ? formatFixed(last[key], 3) : fromTo({ first: first[key], last: last[key] }, 3)
  if (last.avg_at_k === undefined) return [figure('Held-out reward', both('reward_mean'), note, true)]
  return [
    figure(`Avg@${samples}`, both('avg_at_k'), note, true),
    figure(`Pass@${samples}`, both('pass_at_k'), note, true),
    ...(solved.length > 1
      ? [
          figure(
            'Never solved',
            formatPercent(solved[0]),
            `of ${last.problems} held-out problems, at step ${last.step}`,
            false,
          ),
          figure(
            'Always solved',
            formatPercent(solved.at(-1)),
            `of ${last.problems} held-out problems, at step ${last.step}`,
            false,
          ),
        ]
      : []),
  ]
}

function figure(label: string, value: string, note: string, headline: boolean): FinalFigure {
  return { label, value, note, headline }
}

function fromTo({ first, last }: { first: number | undefined; last: number | undefined }, decimals: number): string {
  const ends = [first, last].map((value) => formatFixed(value, decimals))
  return ends[0] === ends[1] ? ends[0] : ends.join(' → ')
}
