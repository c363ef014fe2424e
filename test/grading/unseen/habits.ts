/** Habits of models, and forms that differ widely, with decoys, labeled before anybody saw what the grader says of them. */
import type { Cases } from '../case.js'

const tex = String.raw

export const habits: Cases = {
  'a final answer as models write it': [
    {
      answer: '12',
      right: [
        'Therefore, the final answer is:\n\n$$\n\\boxed{12}\n$$',
        tex`The answer is \(\boxed{12}\).`,
        'ANSWER: 12',
        'Final Answer: The final answer is $12$. I hope it is correct.',
        tex`\boxed{12 \text{ ways}}`,
        tex`So there are $\binom{4}{2} \cdot 2 = 12$ ways.`,
        '### Final Answer\n$12$',
        tex`Hence, $\boxed{\mathbf{12}}$`,
        tex`\boxed{\$12}`,
        tex`\boxed{12.}`,
        'Total = 12 apples',
      ],
      wrong: [
        tex`So there are $\binom{4}{2} \cdot 2 = 12$ ways in each of the 3 cases, for 36 ways.`,
        'There are 12 ways to choose the captain. In total there are 24 ways.',
        'Final Answer: The final answer is $21$. I hope it is correct.',
        'Between 12 and 15.',
      ],
    },
    {
      answer: '9',
      right: [
        '<think>\nOkay, maybe \\boxed{8}? No.\n</think>\n\n**Solution**\n\n3 × 3 = 9\n\n**Final Answer**\n\\[ \\boxed{9} \\]<|endoftext|>',
        'Thus $x = \\boxed{9}$, as $\\sqrt{9} = 3$.',
      ],
      wrong: ['<think>9?</think>\n\nI could not solve this problem.', 'The answer should be 9 or 10.'],
    },
    {
      answer: '60',
      right: [
        'Step 1: 20 × 2 = 40\nStep 2: 40 + 20 = 60\nAnswer: $60',
        'He has $100 - $40 = $60 left.',
        '60 dollars is left over.',
        tex`\text{Answer: } 60`,
      ],
      wrong: ['He has $100 - $60 = $40 left.', 'He needs 60% of 50 = 30 dollars.', 'Answer: 60 + 15 = 75'],
    },
    {
      answer: '45',
      right: ['It takes him 45 minutes (3/4 of an hour).', "That's 0.75 hours, which is 45 minutes."],
      wrong: ['It takes him 0.75 hours.', 'It takes 45 minutes there and 45 minutes back, so 90 minutes.'],
    },
    {
      answer: '3500000',
      right: ['The population is 3.5 million.', tex`\boxed{3.5 \times 10^6}`],
      wrong: ['The population is 3.5 billion.', 'The population is 3.5.'],
    },
    {
      answer: 'B',
      right: ['The correct answer is **B**.', 'B) 14', '**(B)** 14', 'Option (B) is correct.', tex`\boxed{\text{B}}`],
      wrong: ['The correct option is not B but **D**.', 'Between B and C, the answer is C.', 'A) 10 B) 14 C) 16'],
    },
  ],
  'the same number': [
    {
      answer: tex`\frac{\sqrt{3}}{2}`,
      right: [
        tex`\boxed{\frac{\sqrt{3}}{2} \approx 0.866}`,
        tex`\boxed{\sin 60^\circ}`,
        tex`\boxed{\cos\frac{\pi}{6}}`,
        tex`\boxed{\frac{\sqrt{12}}{4}}`,
        tex`\boxed{\dfrac{3}{2\sqrt3}}`,
        tex`\boxed{0.5\sqrt{3}}`,
        'The answer is √3/2.',
      ],
      wrong: [
        tex`\boxed{0.866}`,
        tex`\boxed{\frac{3}{2}}`,
        tex`\boxed{\sqrt{\frac32}}`,
        tex`\boxed{\frac{\sqrt{3}}{2} + C}`,
        tex`\boxed{\pm\frac{\sqrt{3}}{2}}`,
        'The answer is √(3/2).',
      ],
    },
    {
      answer: tex`-\frac{1}{3}`,
      right: [
        tex`\boxed{\frac{-1}{3}}`,
        tex`\boxed{\frac{1}{-3}}`,
        tex`\boxed{-0.\overline{3}}`,
        tex`\boxed{-\tfrac{2}{6}}`,
      ],
      wrong: [tex`\boxed{\frac{1}{3}}`, tex`\boxed{-0.33}`, tex`\boxed{-3}`],
    },
    {
      answer: tex`\frac12`,
      right: [
        tex`The probability is one half, or \boxed{\tfrac12}.`,
        tex`\boxed{50\%}`,
        'So P = 0.5.',
        'So the ratio is 1/2.',
        'The answer is ½.',
      ],
      wrong: ['P(A) = 0.5 and P(B) = 0.25', 'So the ratio is 2:1.', tex`\boxed{5\%}`],
    },
    {
      answer: tex`2^{100}`,
      right: [tex`\boxed{4^{50}}`, tex`\boxed{1024^{10}}`, tex`\boxed{2^{50} \cdot 2^{50}}`],
      wrong: [tex`\boxed{2^{99}}`, tex`\boxed{100^2}`, tex`\boxed{1.27 \times 10^{30}}`],
    },
    {
      answer: '120',
      right: [
        tex`\boxed{\binom{10}{3}}`,
        tex`\boxed{\binom{10}{3} = 120}`,
        tex`\boxed{5!}`,
        tex`\boxed{\frac{10!}{3!7!}}`,
      ],
      wrong: [tex`\boxed{\binom{10}{4}}`, tex`\boxed{10!/3!}`, tex`\boxed{{}_{10}P_3}`],
    },
    {
      answer: tex`\sqrt{2} - 1`,
      right: [
        tex`\boxed{\frac{1}{1+\sqrt2}}`,
        tex`\boxed{-1+\sqrt{2}}`,
        tex`\boxed{\tan 22.5^\circ}`,
        tex`\boxed{\tan\frac{\pi}{8}}`,
      ],
      wrong: [tex`\boxed{1-\sqrt2}`, tex`\boxed{0.414}`, tex`\boxed{\sqrt{2-1}}`],
    },
    {
      answer: tex`\frac{\pi}{4}`,
      right: ['The area is π/4.', tex`\boxed{45^\circ}`, tex`\boxed{\arctan 1}`],
      wrong: ['The area is π/2.', tex`\boxed{0.785}`, tex`\boxed{\frac{4}{\pi}}`],
    },
    {
      answer: '300000',
      right: ['The distance is 3×10⁵.', tex`\boxed{3 \cdot 10^5}`, tex`\boxed{3\times10^{5}\text{ km}}`],
      wrong: ['The distance is 3×10⁶.', tex`\boxed{3^{10} \cdot 5}`],
    },
    {
      answer: tex`\infty`,
      right: [tex`\boxed{\infty}`, tex`\boxed{+\infty}`],
      wrong: [tex`\boxed{-\infty}`, tex`\boxed{0}`],
    },
  ],
  'the same expression': [
    {
      answer: 'x^3 - 3x + 2',
      right: [
        tex`\boxed{(x-1)^2(x+2)}`,
        tex`\boxed{f(x) = x^3 - 3x + 2}`,
        tex`\boxed{x(x^2-3)+2}`,
        'The polynomial is x³ - 3x + 2.',
      ],
      wrong: [
        tex`\boxed{(x+1)^2(x-2)}`,
        tex`\boxed{x^3-3x-2}`,
        tex`\boxed{y^3 - 3y + 2}`,
        tex`\boxed{x^3 - 3x + 2 = 0}`,
      ],
    },
    {
      answer: tex`y = \frac{1}{2}x + 3`,
      right: [tex`\boxed{2y = x + 6}`, tex`\boxed{x - 2y + 6 = 0}`, tex`\boxed{y = 0.5x + 3}`],
      wrong: [tex`\boxed{y = 2x + 3}`, tex`\boxed{x = \frac12 y + 3}`, tex`\boxed{x - 2y = 6}`],
    },
    {
      answer: tex`\frac{a+b}{ab}`,
      right: [tex`\boxed{\frac1a + \frac1b}`, tex`\boxed{a^{-1}+b^{-1}}`],
      wrong: [tex`\boxed{\frac{ab}{a+b}}`, tex`\boxed{\frac{1}{a+b}}`],
    },
  ],
  'the same set, point, or matrix': [
    {
      answer: '[-2, 7)',
      right: [
        tex`\boxed{-2 \leq x < 7}`,
        tex`\boxed{\{x \mid -2 \le x < 7\}}`,
        tex`\boxed{x \in [-2, 7)}`,
        tex`\boxed{[-2,3] \cup (3,7)}`,
      ],
      wrong: [tex`\boxed{(-2,7)}`, tex`\boxed{[-2,7]}`, tex`\boxed{-2 < x < 7}`, tex`\boxed{[7,-2)}`],
    },
    {
      answer: tex`\{1, 2, 3\}`,
      right: [tex`\boxed{\{3,2,1\}}`, tex`\boxed{1,2,3}`, tex`\boxed{x \in \{1, 2, 3\}}`],
      wrong: [tex`\boxed{\{1,2\}}`, tex`\boxed{(3,2,1)}`, tex`\boxed{\{1,2,3,4\}}`],
    },
    {
      answer: '(2, -3)',
      right: ['The vertex is $(2,-3)$.', tex`\boxed{(h,k) = (2,-3)}`, tex`\boxed{x = 2, y = -3}`],
      wrong: [tex`\boxed{(-3, 2)}`, 'The vertex is $(2,3)$.', tex`\boxed{2, -3, 0}`],
    },
    {
      answer: tex`\begin{pmatrix} 1/2 & 0 \\ 0 & 1/3 \end{pmatrix}`,
      right: [
        tex`\boxed{\begin{pmatrix} 0.5 & 0 \\ 0 & \frac13 \end{pmatrix}}`,
        tex`\boxed{\frac16 \begin{pmatrix} 3 & 0 \\ 0 & 2\end{pmatrix}}`,
        tex`\boxed{\begin{pmatrix} 2 & 0 \\ 0 & 3\end{pmatrix}^{-1}}`,
      ],
      wrong: [
        tex`\boxed{\begin{pmatrix} 2 & 0 \\ 0 & 3\end{pmatrix}}`,
        tex`\boxed{\begin{pmatrix} 0.5 & 0 \\ 0 & 0.33 \end{pmatrix}}`,
      ],
    },
    {
      answer: tex`5\sqrt{2} \text{ cm}`,
      right: [tex`\boxed{5\sqrt2}`, tex`\boxed{\sqrt{50}\text{ cm}}`, tex`The diagonal is $5\sqrt{2}$ cm.`],
      wrong: [tex`\boxed{5\sqrt{2}\text{ m}}`, tex`\boxed{7.07\text{ cm}}`, tex`\boxed{5\sqrt{2}\text{ cm}^2}`],
    },
  ],
}
