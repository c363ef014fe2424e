import { classMaskMethod } from './class-masks.js'

export const maskLoweringMethod = classMaskMethod({
  name: 'mask-lowering',
  summary: 'masks the updates that lower entropy (A Sc > 0); for experiments',
  keeps: (A, Sc) => A * Sc <= 0,
  experiment: { label: 'lowering masked', entropy: 'above', claim: 'masking' },
})
