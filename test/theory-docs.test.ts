import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as entropy from '../src/entropy/index.js'
import * as whole from '../src/index.js'

/** Functions of mathematics, and of LibTorch's `isentrope/torch`. */
const notOurs = new Set(['exp', 'log1p', 'int', 'floor', 'max', 'min', 'mean'])

it('every function that the theory names in code is exported', () => {
  const text = readFileSync(new URL('../docs/theory.md', import.meta.url), 'utf8')
  const called = [...text.matchAll(/`([a-zA-Z]+)\(|\s{6,}([a-z][a-zA-Z]+)\([A-Z]/g)].map(
    ([, span, block]) => span ?? block,
  )
  const imported = [...text.matchAll(/import \{ ([^}]+) \}/g)].flatMap(([, names]) => names.split(', '))
  const named = [...new Set([...called, ...imported])].filter((name) => !notOurs.has(name))
  expect(named).toEqual(expect.arrayContaining(['moments', 'changeOfStep', 'applyMethods', 'tensorMoments']))
  expect(named.filter((name) => !(name in entropy || name in whole))).toEqual([])
})
