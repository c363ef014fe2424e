import { describe, expect, it } from 'vitest'
import { grade } from '../../src/task/math/grade.js'

const extracted = (response: string) => grade(response, 'nothing of the kind').extracted

describe('the final answer', () => {
  it.each([
    // boxes
    ['so \\boxed{42}.', '42'],
    ['\\boxed{\\frac{1}{2}}', '\\frac{1}{2}'],
    ['first \\boxed{1}, no: \\boxed{2}', '2'],
    ['\\boxed{\\boxed{3}}', '3'],
    ['\\fbox{7}', '7'],
    ['\\boxed {8}', '8'],
    ['\\boxed 7', '7'],
    ['\\boxed{\\{1,2\\}}', '\\{1,2\\}'],
    ['\\boxed{\\text{a } \\} b}', '\\text{a } \\} b'],
    ['{ \\boxed{5}', '5'],
    ['\\boxed{5} and then } more', '5'],
    ['\\boxed{4}\nAnswer: 5', '4'],
    ['\\boxed{5}, where \\boxed marks the answer', '5'],
    ['\\boxed{5}<|im_end|>', '5'],
    // marked answers
    ['#### Final Answer\n5', '5'],
    ['#### **Answer** 5', '5'],
    ['The answer is therefore 5.', '5'],
    ['Answer: 5</s>', '5'],
    ['The answer is 5<|endoftext|>\n', '5'],
    ['<answer>5</answer>', '5'],
    ['3 + 4 = 7\n#### 7', '7'],
    ['#### 7\n#### 1,234', '1,234'],
    ['Answer: 12', '12'],
    ['**Answer:** 12', '12'],
    ['**Final Answer**: $\\frac{1}{2}$.', '\\frac{1}{2}'],
    ['Answer:\n\n$$x = 5$$', 'x = 5'],
    ['The answer is 5 because 2 + 3 = 5.', '5'],
    ['the final answer is: $\\pi$', '\\pi'],
    ['The answer is $3$, which is prime.', '3'],
    ['Answer: 3 or 4', '3 or 4'],
    ['Answer: 1\nAnswer: 2', '2'],
    ['The answers are 3 and 4.', '3 and 4'],
    ['Answer: (B)', '(B)'],
    ['Answer: $36$ degrees', '36'],
    // plain endings
    ['42', '42'],
    ['\\frac{1}{2}', '\\frac{1}{2}'],
    ['x = 5', '5'],
    ['So 3 + 4 = 7.', '7'],
    ['So x = 1 or x = 2.', 'x = 1 or x = 2'],
    ['We get $a = 3$ and $b = 4$.', 'a = 3$ and $b = 4$'],
    ['We have a = 3, so b = 4.', '4'],
    ['The total is 42.', '42'],
    ['He has 12 apples left.', '12'],
    ['Thus the area equals $9\\pi$.', '9\\pi'],
    ['We get\n\\[ x = 12 \\]', '12'],
    ['They earn $1,250 in all.', '$1,250'],
    ['-5', '-5'],
    ['It is 3 or 4.', '3 or 4'],
    ['First 3.\n\nThen it is 4.\n', '4'],
    // reasoning
    ['<think>\\boxed{1}</think> \\boxed{2}', '2'],
    ['<think>\\boxed{1}</think>The answer is 3', '3'],
  ])('of %j is %j', (response, answer) => {
    expect(extracted(response)?.trim()).toBe(answer)
  })

  it.each([
    ['', 'no answer found'],
    ['   \n ', 'no answer found'],
    ['I do not know', 'no answer found'],
    ['It is not 4.', 'no answer found'],
    ['In step 4 we are done.', 'no answer found'],
    ['\\boxed{}', 'the box is empty'],
    ['\\boxed{ }', 'the box is empty'],
    ['\\boxed{1} but \\boxed{2', 'the last box is cut off'],
    ['\\boxed{\\frac{1}{2}', 'the last box is cut off'],
    ['Answer:', 'no answer found'],
    ['####', 'no answer found'],
  ])('is missing in %j: %s', (response, reason) => {
    expect(grade(response, '1')).toEqual({ correct: false, extracted: null, reason })
  })

  it('may be a whole solution on the reference side', () => {
    expect(grade('\\boxed{7}', 'Three and four.\n#### 7').correct).toBe(true)
    expect(grade('\\boxed{7}', 'It is $\\boxed{7}$.').correct).toBe(true)
    expect(grade('\\boxed{3}', 'Three and four.\n#### 7').correct).toBe(false)
    expect(grade('\\boxed{}', '').correct).toBe(false)
  })
})

describe('the rule exact', () => {
  it.each([
    ['\\boxed{ 1/2 }', '1/2', true],
    ['$1/2$', '1/2', true],
    ['Answer: 1/2', '$1/2$', true],
    ['\\boxed{1 / 2}', '1/2', false],
    ['\\boxed{0.5}', '1/2', false],
  ])('%j for %j: %s', (response, answer, correct) => {
    expect(grade(response, answer, { rule: 'exact' }).correct).toBe(correct)
  })
})

describe('the rule dapo', () => {
  // The expected values are those of verl's math_dapo.compute_score.
  it.each([
    ['Answer: 42', '42', true],
    ['answer : $42$', '42', true],
    ['Answer: 1,234', '1234', true],
    ['Answer: x = 5', '5', true],
    ['Answer: \\frac12', '\\frac{1}{2}', true],
    ['Answer: \\text{east}', 'east', true],
    ['Answer: 5 inches', '5', true],
    ['Answer: 90^\\circ', '90', true],
    ['Answer: \\boxed{5}', '5', true],
    ['Answer: 1\nAnswer: 2', '2', true],
    ['Answer: 0.5', '1/2', false],
    ['\\boxed{5}', '5', false],
    ['42', '42', false],
    [`Answer: 5${' '.repeat(400)}done`, '5', false],
    ['Answer: 5 ', '6', false],
    // Python's idea of white space and of digits.
    ['Answer: 5\u001f', '5', true],
    ['Answer:\u00855', '5', true],
    ['Answer: 5\ufeff', '5', false],
    ['Answer: 1,\u2460', '1\u2460', true],
  ])('%j for %j: %s', (response, answer, correct) => {
    expect(grade(response, answer, { rule: 'dapo' }).correct).toBe(correct)
  })
})
