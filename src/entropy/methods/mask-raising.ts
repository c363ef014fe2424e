import { classMaskMethod } from './class-masks.js'

export const maskRaisingMethod = classMaskMethod({
  name: 'mask-raising',
  summary: 'masks the updates that raise entropy (A Sc < 0); for experiments',
  keeps: (A, Sc) => A * Sc >= 0,
  experiment: { label: 'raising masked', entropy: 'below', claim: 'masking' },
})
