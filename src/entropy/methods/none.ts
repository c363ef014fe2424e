import { entropyMethod } from './method.js'

/** The atlas's reference row: the whole update r A, nothing clipped. */
export const unclippedName = 'no clip (r A)'

/** No method: PPO's clip acts, with the bounds of `algorithm`. */
export const noneMethod = entropyMethod({
  name: 'none',
  summary: 'as ppo-clip',
  source: '',
  empty: true,
  needs: { statistics: [] },
  atlas: () => [
    { name: unclippedName, ppo: { clipLow: Number.POSITIVE_INFINITY, clipHigh: Number.POSITIVE_INFINITY } },
  ],
})
