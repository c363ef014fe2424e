import { describe, expect, it } from 'vitest'
import { withoutLabel, withoutPhrases } from './labels.js'

describe('withoutLabel', () => {
  it.each([
    ['\\text{Area} = 7', '7'],
    ['Total cost = 7', '7'],
    ['|AB|=7', '7'],
    ['[ABC]=\\frac{1}{2}', '\\frac{1}{2}'],
    ["f'(2)=7", '7'],
    ['P(X>1) = 0.5', '0.5'],
    ['\\mathbb{P}(A|B)=0.5', '0.5'],
    ['m\\angle ABC = 60^\\circ', '60^\\circ'],
  ])('of %s leaves %s', (answer, value) => {
    expect(withoutLabel(answer)?.value).toBe(value)
  })

  it.each([
    'x=7',
    'x(x+1)=6',
    'n(n+1)=6',
    'a(3)=6',
    'x^2=7',
    '|x|=7',
    'not x = 7',
    '\\text{not the area}=7',
    'sin theta = 1',
    '\\text{Area}=7=8',
    '\\text{Area}\\ne7',
    '7',
  ])('finds none in %s', (answer) => {
    expect(withoutLabel(answer)).toBeUndefined()
  })
})

describe('withoutPhrases', () => {
  it.each([
    ['\\text{Option B}', '\\text{B}'],
    ['Choice (C)', '(C)'],
    ['\\{x : x>3\\}', 'x>3'],
    ['\\{x\\in\\mathbb{R}\\mid x\\le3\\}', 'x\\le3'],
    ['\\{x\\in\\mathbb{Z}:x\\le3\\}', '\\{x\\in\\mathbb{Z}:x\\le3\\}'],
    ['\\{1:2\\}', '\\{1:2\\}'],
    ['P(3,-4)', '(3,-4)'],
    ['{\\text{(C)}}', '\\text{(C)}'],
    ['{1}+{2}', '{1}+{2}'],
    ['2\\hat{i}', '2\\axis_{i}'],
  ])('makes %s %s', (text, plain) => {
    expect(withoutPhrases(text)).toBe(plain)
  })
})
