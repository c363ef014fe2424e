/**
 * The coefficient of the KL term, adapted so that the policy keeps a given distance from the reference (Ziegler et al.,
 * arXiv 1909.08593, section 2.2; the horizon as in their code, TRL and verl):
 *   e = clip(KL / target - 1, -0.2, 0.2),   coefficient *= 1 + e n / horizon
 * KL is the mean over completions of the summed log p - log p_ref of their tokens, in nats; n counts completions.
 */
export interface KlControllerOptions {
  /** Nats per completion. */
  target: number
  /** Completions over which an error of 1 would double the coefficient; the smaller, the faster. */
  horizon: number
}

const largestError = 0.2

/** The coefficient for the next batch. An unmeasurable KL leaves it as it is. */
export function adaptKlCoef(
  coefficient: number,
  measured: { kl: number; completions: number },
  { target, horizon }: KlControllerOptions,
): number {
  if (!Number.isFinite(measured.kl)) return coefficient
  const error = Math.min(Math.max(measured.kl / target - 1, -largestError), largestError)
  // A batch of more completions than the horizon counts as one horizon: the factor stays between 0.8 and 1.2.
  return coefficient * (1 + error * Math.min(1, measured.completions / horizon))
}
