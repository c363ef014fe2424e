import { expect, it } from 'vitest'
import { differingLeaves, leaves } from './leaves.js'

it('names the values of sections by their paths, and opens lists when told to', () => {
  const value = { a: { b: 1, none: {} }, c: [{ d: 2 }, 3] }
  expect(leaves(value)).toEqual([
    ['a.b', 1],
    ['c', [{ d: 2 }, 3]],
  ])
  expect(leaves(value, { lists: true })).toEqual([
    ['a.b', 1],
    ['c.0.d', 2],
    ['c.1', 3],
  ])
})

it('tells both values of what differs, and what is absent', () => {
  const before = { same: 1, mu: Infinity, list: [1], gone: 'x', section: { low: -Infinity, none: null } }
  const now = { same: 1, mu: '.inf', list: [2], section: { low: null }, fresh: Number.NaN }
  expect(differingLeaves(before, now)).toEqual([
    { path: 'mu', before: '.inf', now: '".inf"' },
    { path: 'list', before: '[1]', now: '[2]' },
    { path: 'gone', before: '"x"', now: 'absent' },
    { path: 'section.low', before: '-.inf', now: 'null' },
    { path: 'section.none', before: 'null', now: 'absent' },
    { path: 'fresh', before: 'absent', now: '.nan' },
  ])
  expect(differingLeaves(before, structuredClone(before))).toEqual([])
})
