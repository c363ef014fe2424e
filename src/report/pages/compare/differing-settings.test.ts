import { expect, it } from 'vitest'
import type { NamedRun } from '../parts.js'
import { differingSettings, settingNotes } from './differing-settings.js'

const runs = [
  { seed: 0, name: 'a', entropy: { method: 'none' }, task: { name: 'sums', max: 5 }, train: { betas: [0.9, 0.99] } },
  {
    seed: 0,
    name: 'b',
    entropy: { method: 'clip-v', muLow: 2 },
    task: { name: 'sums', max: 6 },
    train: { betas: [0.9, 0.99] },
  },
].map((config, style) => ({ name: config.name, style, data: { config } }) as unknown as NamedRun)

it('names every key that differs, and what that means for the curves', () => {
  const differing = differingSettings(runs)
  expect(differing).toEqual([
    { key: 'entropy.method', values: ['none', 'clip-v'] },
    { key: 'task.max', values: ['5', '6'] },
    { key: 'entropy.muLow', values: ['–', '2'] },
  ])
  expect(settingNotes(differing, runs)).toEqual(['The runs’ curves are of different things: task.max (a: 5, b: 6).'])
  expect(settingNotes([{ key: 'seed', values: ['0', '1'] }], runs)).toEqual([
    'The runs have different seeds: seed (a: 0, b: 1).',
  ])
  expect(differingSettings(runs.slice(0, 1))).toEqual([])
})
