/** Renews a run's page at every checkpoint, while the run goes on. */

/** At most one part in so many of the time goes into pages: of a long run with frequent checkpoints some are passed over. */
const restFactor = 20

export interface ReportRenewal {
  /** Of every event of the run. */
  onEvent(event: { type: string; phase?: string }): void
  /** Resolves when no page is being written; call it before the last one. */
  settled(): Promise<void>
}

/** `write` makes the page. If it fails, the page of before stays, and the one at the end says why. */
export function renewReport(write: () => Promise<unknown>, now: () => number = () => performance.now()): ReportRenewal {
  let isSaving = false
  let underWay: Promise<void> | undefined
  let rested = Number.NEGATIVE_INFINITY

  const begin = () => {
    const began = now()
    if (underWay !== undefined || began < rested) return
    underWay = write()
      .catch(() => {})
      .then(() => {
        rested = now() + restFactor * (now() - began)
        underWay = undefined
      })
  }

  return {
    onEvent(event) {
      // A checkpoint is announced before it is written; with the next event it is there.
      if (isSaving) begin()
      isSaving = event.type === 'phase' && event.phase === 'checkpoint'
    },
    settled: async () => underWay,
  }
}
