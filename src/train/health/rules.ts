/**
 * What is wrong with a run as its metrics tell, a rule each. A rule looks at one step at a time; it stands after it has held
 * for `patience` steps in a row. docs/faq.md has an entry for each rule.
 */

/** A line of metrics.jsonl, as far as the rules read it. */
export interface HealthLine {
  step: number
  reward_mean?: number
  reward_std?: number
  zero_signal_fraction?: number
  entropy_nats?: number
  entropy_target?: number
  kl_nats?: number
  ratio_max?: number
  truncated_fraction?: number
  'reward/task'?: number
}

/** What the rules need of the recipe. */
export interface HealthFacts {
  /** Groups of a step: `rollout.promptsPerStep`. */
  groups?: number
  /** Steps of the whole run: `train.steps`. */
  steps?: number
}

/** What a rule may know of the steps before. */
export interface HealthStart {
  /** The run's first line. */
  first: HealthLine
  /** Mean entropy of the run's first steps, nats; absent before there are enough of them. */
  entropy?: number
}

export interface HealthRule {
  name: string
  /** A few words for lists. */
  label: string
  /** Steps in a row after which it stands. */
  patience: number
  /** It must hold from the first step on, and then stands at the last step of a shorter run, too. */
  fromStart?: true
  holds(line: HealthLine, start: HealthStart): boolean
  /** A clause that says what has been so for how long. */
  text(line: HealthLine, facts: HealthFacts, over: string): string
  /** One sentence, without its period: what to do. */
  advice(line: HealthLine): string
  /** Says the same as these rules, and more; they are left out beside it. */
  covers?: readonly string[]
}

/** Share of the rewards' size that counts as rounding. */
const rounding = 1e-9

const isSame = (a: number, b: number) => Math.abs(a - b) <= rounding * Math.max(Math.abs(a), Math.abs(b))

/** The reward that all completions of the step have in common by the task's own grading, if they have one. */
function commonReward(line: HealthLine): number | undefined {
  const task = line['reward/task']
  // Beside other rewards the spread is not the task's own; a mean of 0 is what tells that nothing was earned.
  if (task !== undefined) return task === 0 ? 0 : undefined
  const { reward_mean: mean, reward_std: spread } = line
  if (mean === undefined || spread === undefined) return undefined
  return spread <= rounding * Math.abs(mean) ? mean : undefined
}

/** Steps whose mean entropy the floor is measured from. */
export const startSteps = 5
/** The floor: this share of the entropy at the start, and never below so many nats. */
const floorShare = 0.05
const floorNats = 0.01

const floorOf = (start: number) => Math.max(floorNats, floorShare * start)

/** Per token; a policy that is trained well stays far below both. */
const largestKl = 1
const largestRatio = 100

const number = (value: number | undefined) => (value === undefined ? '?' : Number(value.toPrecision(3)).toString())

export const healthRules: readonly HealthRule[] = [
  {
    name: 'no-reward',
    label: 'nothing to learn from',
    patience: 10,
    fromStart: true,
    covers: ['equal-rewards'],
    holds(line, { first }) {
      const [now, before] = [commonReward(line), commonReward(first)]
      return now !== undefined && before !== undefined && isSame(now, before)
    },
    text(line, _, over) {
      const reward = commonReward(line)
      return reward === 0
        ? `no completion has earned a reward in ${over}, so there is nothing to learn from`
        : `every completion has earned the reward ${number(reward)} in ${over}, so there is nothing to learn from`
    },
    advice: (line) =>
      commonReward(line) === 0
        ? 'Look at some completions: does the grader find their answers? If it does, begin with easier problems ' +
          '(`isentrope filter`) or a supervised warm start (`isentrope sft`)'
        : 'Look at some completions and check the grader, or take harder problems (`isentrope filter`)',
  },
  {
    name: 'equal-rewards',
    label: 'equal rewards in every group',
    patience: 20,
    holds: ({ zero_signal_fraction: share }) => share !== undefined && share >= 1 - rounding,
    text: (_, { groups }, over) =>
      `${groups === undefined ? 'all' : `${groups} of ${groups}`} groups had equal rewards for ${over}, so there is nothing to learn from`,
    advice: () =>
      'Take problems that the policy solves now and then (`isentrope filter`), or begin with a supervised warm start ' +
      '(`isentrope sft`)',
  },
  {
    name: 'kl',
    label: 'KL explodes',
    patience: 5,
    holds: ({ kl_nats: kl }) => kl !== undefined && !(kl <= largestKl),
    text: ({ kl_nats: kl }, _, over) =>
      `the KL divergence to the reference has been above ${largestKl} nat per token for ${over} (now ${number(kl)})`,
    advice: () => 'Lower `train.lr`, or raise `algorithm.klCoef`',
  },
  {
    name: 'ratio',
    label: 'ratios explode',
    patience: 5,
    holds: ({ ratio_max: ratio }) => ratio !== undefined && !(ratio <= largestRatio),
    text: ({ ratio_max: ratio }, _, over) =>
      `the largest importance ratio has been above ${largestRatio} for ${over} (now ${number(ratio)})`,
    advice: () => 'Lower `train.lr`, or make fewer updates on a batch (`train.updatesPerBatch`, `train.epochs`)',
  },
  {
    name: 'entropy-floor',
    label: 'entropy at its floor',
    patience: 10,
    holds({ entropy_nats: H, entropy_target: target }, { entropy: start }) {
      if (H === undefined || start === undefined) return false
      const floor = floorOf(start)
      return H < floor && !(target !== undefined && target <= floor)
    },
    text: ({ entropy_nats: H }, _, over) =>
      `entropy has been at its floor for ${over} (now ${number(H)} nats), so completions of a prompt hardly differ`,
    advice: () =>
      'Go back to an earlier checkpoint, and hold entropy up: a clip (`entropy.method`), `entropy.target`, or a lower `train.lr`',
  },
  {
    name: 'truncated',
    label: 'most completions are truncated',
    patience: 10,
    holds: ({ truncated_fraction: share }) => share !== undefined && share > 0.5,
    text: ({ truncated_fraction: share }, _, over) =>
      `more than half of the completions have run into the length limit for ${over} (now ${number((share ?? 0) * 100)} %)`,
    advice: () => 'Raise `rollout.maxNewTokens`, or ask for shorter answers; `algorithm.maskTruncated` leaves them out',
  },
]
