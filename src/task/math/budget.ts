/** Thrown where an answer costs more work than one answer may; the verdict is then 'too costly', never a guess. */
export class OverBudget extends Error {
  override name = 'OverBudget'
}

/**
 * Counts the work that grading one answer takes, in rough units of a microsecond. Everything that loops spends from
 * it, so that the time an answer can take is bounded whatever it says, and the bound does not depend on the machine.
 */
export class Budget {
  readonly limit: number
  #spent = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get spent(): number {
    return this.#spent
  }

  spend(units: number): void {
    this.#spent += units
    if (this.#spent > this.limit) throw new OverBudget(`more than ${this.limit} units of work`)
  }
}
