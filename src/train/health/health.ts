/** Applies the rules to a run's metrics, step by step. The loop's warnings, the panel, the summary, and the pages all ask here. */
import {
  type HealthFacts,
  type HealthLine,
  type HealthRule,
  type HealthStart,
  healthRules,
  startSteps,
} from './rules.js'

/** Something that is wrong with a run now. */
export interface Concern {
  rule: string
  label: string
  /** The first step of the row in which it has held. */
  since: number
  /** How many steps. */
  steps: number
  /** What is wrong, a clause without a period. */
  text: string
  /** What to do, a sentence without a period. */
  advice: string
}

export const faq = 'docs/faq.md'

/** A concern as one text: what is wrong, what to do, and where to read more. */
export const concernText = ({ text, advice }: Pick<Concern, 'text' | 'advice'>): string =>
  `${text}. ${advice}; see ${faq}`

interface Row {
  since: number
  steps: number
}

/** Takes the lines of a run in order; bounded in memory, whatever the run's length. */
export class HealthWatch {
  readonly #facts: HealthFacts
  readonly #rows = new Map<HealthRule, Row>()
  readonly #entropies: number[] = []
  #first: HealthLine | undefined
  #last: HealthLine | undefined
  #lines = 0

  constructor(facts: HealthFacts = {}) {
    this.#facts = facts
  }

  /** The concerns that begin to stand with this line, and at the run's last step all that stand. */
  after(line: HealthLine): Concern[] {
    const before = new Set(this.standing().map(({ rule }) => rule))
    this.#take(line)
    const now = this.standing()
    return line.step === this.#facts.steps ? now : now.filter(({ rule }) => !before.has(rule))
  }

  /** All concerns after the last line. */
  standing(): Concern[] {
    const last = this.#last
    if (last === undefined) return []
    const rules = healthRules.filter((rule) => this.#stands(rule))
    const covered = new Set(rules.flatMap(({ covers = [] }) => covers))
    return rules
      .filter(({ name }) => !covered.has(name))
      .map((rule) => {
        const { since, steps } = this.#rows.get(rule)!
        const over = steps === 1 ? '1 step' : `${steps} steps`
        const text = rule.text(last, this.#facts, over)
        return { rule: rule.name, label: rule.label, since, steps, text, advice: rule.advice(last) }
      })
  }

  #take(line: HealthLine): void {
    this.#first ??= line
    this.#last = line
    this.#lines++
    const start = this.#start()
    for (const rule of healthRules) {
      if (!rule.holds(line, start)) this.#rows.delete(rule)
      else {
        const row = this.#rows.get(rule)
        this.#rows.set(rule, { since: row?.since ?? line.step, steps: (row?.steps ?? 0) + 1 })
      }
    }
    if (this.#entropies.length < startSteps && line.entropy_nats !== undefined) this.#entropies.push(line.entropy_nats)
  }

  #start(): HealthStart {
    const known = this.#entropies
    if (known.length < startSteps) return { first: this.#first! }
    return { first: this.#first!, entropy: known.reduce((a, b) => a + b, 0) / known.length }
  }

  #stands(rule: HealthRule): boolean {
    const steps = this.#rows.get(rule)?.steps ?? 0
    if (rule.fromStart && steps !== this.#lines) return false
    return steps >= rule.patience || (rule.fromStart === true && steps > 0 && this.#last!.step === this.#facts.steps)
  }
}

/** What is wrong with a run after the last of its lines; pure. */
export function concernsOf(lines: Iterable<HealthLine>, facts: HealthFacts = {}): Concern[] {
  const watch = new HealthWatch(facts)
  for (const line of lines) watch.after(line)
  return watch.standing()
}

/** What the rules need of a recipe, as it stands in config.yaml or in memory. */
export function healthFacts(recipe: { rollout?: unknown; train?: unknown }): HealthFacts {
  const at = (section: unknown, key: string): number | undefined => {
    const value = (section as Record<string, unknown> | null | undefined)?.[key]
    return typeof value === 'number' ? value : undefined
  }
  const [groups, steps] = [at(recipe.rollout, 'promptsPerStep'), at(recipe.train, 'steps')]
  return { ...(groups === undefined ? {} : { groups }), ...(steps === undefined ? {} : { steps }) }
}
