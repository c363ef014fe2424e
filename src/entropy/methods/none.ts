import { entropyMethod } from './method.js'

/** The atlas's reference row: the whole update r A, nothing clipped. */
export const unclippedName = 'no clip (r A)'

/** No method: PPO's clip acts, with the bounds of `algorithm`. */
export const noneMethod = entropyMethod({
  name: 'none',
  summary: "PPO's clip alone, as ppo-clip",
  source: '',
  reads: 'as ppo-clip',
  empty: true,
  needs: { statistics: [] },
  atlas: () => [
    { name: unclippedName, ppo: { clipLow: Number.POSITIVE_INFINITY, clipHigh: Number.POSITIVE_INFINITY } },
  ],
})
