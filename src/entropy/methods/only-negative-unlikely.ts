import { classMaskMethod } from './class-masks.js'

export const onlyNegativeUnlikelyMethod = classMaskMethod({
  name: 'only-negative-unlikely',
  summary: 'trains on A < 0, Sc < 0 alone; for experiments',
  keeps: (A, Sc) => A < 0 && Sc < 0,
  experiment: { label: 'A < 0, Sc < 0 alone', entropy: 'below', claim: 'sign' },
})
