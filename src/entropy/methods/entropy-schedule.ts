import { oneBonusCoefficient } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { setsEntropyCoef } from './shared-checks.js'

export interface ScheduleOptions {
  from: number
  to: number
  /** The step at which `to` is reached; absent: the run's last. */
  steps?: number
}

/**
 * The coefficient of the entropy bonus in a step (from 1): a line from `from` in step 1 to `to` in step `steps`, and `to`
 * from then on. With `steps` of 1 it is `to` at once.
 */
export function scheduledCoefficient({ from, to, steps }: { from: number; to: number; steps: number }, step: number) {
  return step >= steps ? to : from + ((to - from) * (step - 1)) / (steps - 1)
}

/**
 * An entropy bonus c H per policy token (adaptive-entropy.ts has its gradient and its effect), whose coefficient c moves
 * along a line, whatever entropy does.
 *
 * Source: asked for in TRL (issue 5584: 0.02, falling to 0 over 1,000 steps; its pull requests 5595 and 5596 were closed,
 * and TRL has a fixed and an adaptive coefficient). `from` and `to` are those; `steps` is the run's length unless given.
 */
export const entropyScheduleMethod = entropyMethod({
  name: 'entropy-schedule',
  summary: 'c H with c on a line from one value to another',
  source: '[TRL issue 5584](https://github.com/huggingface/trl/issues/5584)',
  options: optionSection('schedule', ({ z }) =>
    z
      .strictObject({
        from: z.number().default(0.02).describe('The coefficient in step 1. Negative: a penalty.'),
        to: z.number().default(0).describe('The coefficient in step `steps`, and after it.'),
        steps: z
          .number()
          .int()
          .min(1)
          .optional()
          .describe("The step in which the line ends. Default: the run's last (train.steps)."),
      })
      .describe('Options of entropy-schedule.'),
  ),
  excludes: [oneBonusCoefficient],
  needs: { statistics: [], bonus: true },
  controller: {
    key: 'schedule',
    state: ({ z }) => z.object({ used: z.number() }),
    next: (_: { used: number } | undefined, _entropy: number, options: ScheduleOptions, { step, steps }) => ({
      used: scheduledCoefficient({ ...options, steps: options.steps ?? steps }, step),
    }),
    // The atlas shows the bonus at its largest.
    alone: (_, { from, to }) => ({ used: Math.abs(from) >= Math.abs(to) ? from : to }),
    entropyCoef: ({ used }) => used,
    metrics: ({ used }) => ({ entropy_coef: used }),
  },
  checks: [setsEntropyCoef('entropy-schedule', 'entropy.schedule.from')],
  atlas: ({ options: { from, to } }) => [{ name: `entropy-schedule ${Math.abs(from) >= Math.abs(to) ? from : to}` }],
})
