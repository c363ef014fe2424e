/** Answers in sentences, in the style of GSM8K and MATH-500, with decoys, labeled before anybody saw what the grader says of them. */
import type { Cases } from '../case.js'

const tex = String.raw
/** Text that moves a marker far from the end of a response. */
const far = ' The check repeats the same steps in another order and adds nothing new.'.repeat(70)

export const sentences: Cases = {
  'a marker far from the end': [
    {
      answer: '42',
      right: [
        `She sold 6 * 7 = 42 muffins.\n#### 42\n${far}`,
        `The total comes to 42.\n\nFinal answer: \\boxed{42}.${far}`,
        `First 20, then 22 more. The answer is 42.${far}`,
      ],
      wrong: [
        `She sold 6 * 7 = 42 muffins, and 6 of them were stale.\n#### 36\n${far}`,
        `Is it \\boxed{42}? No, that forgets the last tray. \\boxed{49}${far}`,
        `The answer is 24.${far}`,
      ],
    },
    {
      answer: '#### 1,250',
      right: [`Rent is $1,000 and food $250.\n#### 1250\n${far}`, `**Answer:** $1,250.${far}`],
      wrong: [`Rent is $1,000 and food $250.\n#### 1,000\n${far}`, `**Answer:** $1,205.${far}`],
    },
  ],
  emphasis: [
    {
      answer: '73',
      right: [
        'Adding up, we get 40 + 33.\n\n**Answer: 73**',
        'The number of marbles left is **73**.',
        'So Tom needs __73__ bricks.',
        'The final answer is *73*.',
        '### Answer\n\n**73**',
        'Therefore, the answer is **73 pages**.',
      ],
      wrong: [
        'Adding up, we get 40 + 33.\n\n**Answer: 37**',
        'The number of marbles left is **73** - **3** = **70**.',
        'So Tom needs **73** bricks per wall and **146** bricks in all.',
        'The final answer is *7.3*.',
      ],
    },
    {
      answer: tex`\frac{5}{8}`,
      right: [tex`**Final answer:** $\dfrac58$`, tex`The probability is **5/8**.`, tex`**$\boxed{\frac{10}{16}}$**`],
      wrong: [tex`**Final answer:** $\dfrac85$`, tex`The probability is **3/8**, since 1 - 5/8 = 3/8.`],
    },
  ],
  'digits in groups': [
    {
      answer: tex`12,\! 345,\! 678`,
      right: [
        tex`\boxed{12345678}`,
        tex`\boxed{12{,}345{,}678}`,
        tex`\boxed{12\,345\,678}`,
        'The answer is 12,345,678.',
      ],
      wrong: [tex`\boxed{1234567}`, tex`\boxed{(12, 345, 678)}`, tex`\boxed{12.345678}`],
    },
    {
      answer: '9,000',
      right: [tex`\boxed{9000}`, tex`\boxed{9{,}000.00}`, 'It costs $9,000.', tex`\boxed{9 \times 10^3}`],
      wrong: [tex`\boxed{9.000}`, tex`\boxed{900}`, tex`\boxed{9,00}`, 'It costs $9.'],
    },
    {
      answer: '1000000',
      right: [
        tex`\boxed{1,000,000}`,
        tex`\boxed{10^6}`,
        tex`\boxed{1\;000\;000}`,
        '1 million people live there, so the answer is 1,000,000.',
      ],
      wrong: [tex`\boxed{100,000}`, tex`\boxed{10^7}`, tex`\boxed{1,000}`],
    },
  ],
  'a formula at the end of a sentence': [
    {
      answer: tex`x \ge 5`,
      right: [
        tex`So the inequality holds exactly when $x \geq 5$.`,
        tex`Hence $x\ge5$ holds.`,
        tex`The solution is $5 \le x$.`,
      ],
      wrong: [
        tex`So the inequality holds exactly when $x > 5$.`,
        tex`Hence $x = 5$ holds.`,
        tex`The solution is $x \le 5$.`,
      ],
    },
    {
      answer: tex`\frac{3}{7}`,
      right: [
        tex`Therefore $p = \frac37$.`,
        tex`Therefore the chance is $3/7\approx0.43$.`,
        tex`We find $\frac{6}{14} = \frac{3}{7}$.`,
      ],
      wrong: [
        tex`Therefore $p = \frac73$.`,
        tex`Therefore the chance is $0.43$.`,
        tex`We find $\frac{3}{7} + \frac{1}{7} = \frac{4}{7}$.`,
      ],
    },
    {
      answer: tex`y = 2x - 7`,
      right: [
        tex`The line is $y=2x-7$.`,
        tex`The equation of the tangent is $$y = 2x - 7.$$`,
        tex`In slope-intercept form: $y = -7 + 2x$`,
      ],
      wrong: [
        tex`The line is $y=2x+7$.`,
        tex`The equation of the tangent is $$y = -2x - 7.$$`,
        tex`The slope is $2$ and so $y = 2x$.`,
      ],
    },
  ],
  'percent in words': [
    {
      answer: tex`35\%`,
      right: [
        tex`\boxed{35}`,
        'The discount is 35 percent.',
        'The answer is 35 pct.',
        tex`\boxed{0.35}`,
        'Answer: 35 per cent',
      ],
      wrong: [tex`\boxed{3.5\%}`, 'The discount is 65 percent.', tex`\boxed{0.035}`, tex`\boxed{0.35\%}`],
    },
    {
      answer: '20',
      right: [
        'So the price rose by 20%.',
        tex`The percentage is \boxed{20\%}.`,
        'The percent increase is 20 percentage points.',
      ],
      wrong: ['So the price rose by 120%.', tex`The percentage is \boxed{2\%}.`, 'It is 20% of 50, which is 10.'],
    },
  ],
  'the last sentence': [
    {
      answer: '18',
      right: [
        'Janet sells 16 - 3 - 4 = 9 eggs a day. She makes 9 * 2 = $18 every day.',
        'She makes $18.00 at the market each day.<|im_end|>',
        'In total, Janet earns 18 dollars per day.</s>',
        'Janet makes 9 × $2 = $18.\n\nI hope this helps!',
        'Hence she earns eighteen dollars, i.e. $18.',
        'So 18.',
      ],
      wrong: [
        'Janet sells 16 - 3 - 4 = 9 eggs a day at $2 each.',
        'She makes $18 on Monday and $18 on Tuesday, so she makes $36.<|im_end|>',
        'In total, Janet earns 18 dollars per day, or 126 dollars per week.</s>',
        'It is more than 18.',
        'It is not 18.',
        'It is 18 less than 40.',
      ],
    },
    {
      answer: '3/8',
      right: [
        'So the chance of rain is 3/8.',
        'So the chance of rain is 3/8.<|eot_id|>',
        'So the probability is 3 out of 8, that is 3/8.',
      ],
      wrong: [
        'So the chance of rain is 3/8 and the chance of sun is 5/8.',
        'So the chance of rain is 8/3.<|eot_id|>',
        'So the chance that it stays dry is 1 - 3/8 = 5/8.',
      ],
    },
    {
      answer: '540',
      right: [
        'James runs 3 sprints 3 times a week, so he runs 9 * 60 = 540 meters a week.',
        'Thus he runs a total of 540 meters.',
      ],
      wrong: [
        'James runs 3 sprints 3 times a week, so he runs 9 * 60 = 450 meters a week.',
        'Thus he runs 540 / 2 = 270 meters.',
        'Thus he runs a total of 540 meters in 3 days, i.e. 180 meters a day.',
      ],
    },
  ],
  'two boxes': [
    {
      answer: '2, 5',
      right: [
        tex`The roots are $\boxed{2}$ and $\boxed{5}$.`,
        tex`The roots are $x = \boxed{5}$ or $x = \boxed{2}$.`,
        tex`\boxed{x = 2, x = 5}`,
        tex`\boxed{\{5, 2\}}`,
      ],
      wrong: [
        tex`The roots are $\boxed{2}$ and $\boxed{-5}$.`,
        tex`Factor: $\boxed{2}$ is a root.`,
        tex`\boxed{2, 5, 7}`,
        tex`First $\boxed{2}$ works. Checking again, only $\boxed{5}$ does.`,
      ],
    },
    {
      answer: '7',
      right: [
        tex`The smaller root is \boxed{3}. But we want the larger root. Thus the answer is \boxed{7}.`,
        tex`We get $\boxed{7}$. Thus the answer is \boxed{7}.`,
      ],
      wrong: [
        tex`We get $\boxed{7}$ and $\boxed{3}$.`,
        tex`The answer is \boxed{7}. Wait, the problem asks for the square. \boxed{49}`,
      ],
    },
  ],
  'doubled backslashes': [
    {
      answer: tex`\frac{1}{4}`,
      right: [tex`\\boxed{\\frac{1}{4}}`, tex`The answer is $\\frac{1}{4}$.`, tex`\\(\\boxed{\\dfrac{2}{8}}\\)`],
      wrong: [tex`\\boxed{\\frac{4}{1}}`, tex`The answer is $\\frac{3}{4}$.`, tex`\\boxed{\\sqrt{\\frac{1}{4}}}`],
    },
    {
      answer: tex`2\pi`,
      right: [tex`\\boxed{2\\pi}`, tex`$\\boxed{\\pi + \\pi}$`],
      wrong: [tex`\\boxed{\\pi^2}`, tex`\\boxed{6.28}`],
    },
  ],
  'measures and money': [
    {
      answer: tex`\$32,\!348`,
      right: [
        tex`\boxed{32348}`,
        tex`\boxed{\$32{,}348}`,
        tex`\boxed{\$32,348.00}`,
        '#### $32,348',
        tex`\boxed{32,348 \text{ dollars}}`,
      ],
      wrong: [tex`\boxed{\$32.348}`, tex`\boxed{\$3,2348}`, tex`\boxed{\$32,384}`],
    },
    {
      answer: tex`80^\circ`,
      right: [
        tex`\boxed{80}`,
        tex`\boxed{80 \text{ degrees}}`,
        tex`$\angle ABC = \boxed{80^{\circ}}$`,
        'The angle measures 80°.',
      ],
      wrong: [tex`\boxed{100^\circ}`, tex`\boxed{80'}`, tex`\boxed{\frac{8\pi}{9}}`],
    },
    {
      answer: tex`15\text{ cm}^2`,
      right: [
        tex`\boxed{15}`,
        tex`\boxed{15\text{ cm}^2}`,
        tex`\boxed{15\ \mathrm{cm}^{2}}`,
        'The area is 15 square centimeters.',
      ],
      wrong: [tex`\boxed{15\text{ cm}}`, tex`\boxed{15\text{ m}^2}`, tex`\boxed{15^2}`, tex`\boxed{15\text{ cm}^3}`],
    },
    {
      answer: '6:30',
      right: ['Answer: 6:30', tex`\boxed{6:30}`],
      wrong: ['Answer: 6:03', tex`\boxed{5:30}`, tex`\boxed{6}`],
    },
    {
      answer: '25',
      right: [
        'It takes 25 minutes.',
        'The answer is 25 mph.',
        '#### 25 apples',
        tex`\boxed{25\,\text{km/h}}`,
        'Total: $25.00',
      ],
      wrong: [
        'It takes 25 minutes per lap, or 100 minutes.',
        'The answer is 2.5 mph.',
        '#### 25.5 apples',
        'Total: $25.01',
      ],
    },
  ],
  'words and choices': [
    {
      answer: tex`\text{Evelyn}`,
      right: [tex`\boxed{\text{Evelyn}}`, tex`\boxed{Evelyn}`, 'The answer is Evelyn.', tex`\boxed{\textbf{Evelyn}}`],
      wrong: [tex`\boxed{\text{Debra}}`, 'The answer is not Evelyn.', 'The answer is Angela, not Evelyn.'],
    },
    {
      answer: tex`\text{(C)}`,
      right: [
        tex`\boxed{C}`,
        tex`\boxed{\textbf{(C)}}`,
        'The answer is (C).',
        'Answer: C',
        tex`\boxed{\text{(C) } 17}`,
      ],
      wrong: [tex`\boxed{\text{(B)}}`, tex`\boxed{A, C}`, 'The answer is (D), as (C) is too small.'],
    },
    {
      answer: tex`\text{even}`,
      right: [tex`The function is \boxed{\text{even}}.`, tex`\boxed{\textit{Even}}`],
      wrong: [tex`The function is \boxed{\text{odd}}.`, tex`The function is \boxed{\text{neither even nor odd}}.`],
    },
    {
      answer: tex`\text{No solution}`,
      right: [tex`\boxed{\text{no solution}}`],
      wrong: [tex`\boxed{0}`, tex`\boxed{\text{one solution}}`],
    },
  ],
  'trains of thought': [
    {
      answer: '11',
      right: [
        '<think>Maybe 12? No: 5 + 6 = 11.</think>\n\nThe result is 11.',
        tex`<think>Could be \boxed{13}.</think> \boxed{11}`,
        '<answer>11</answer>',
        '<think>hm</think><answer> 11 </answer><|im_end|>',
        'Let me check: 4 + 7 = 12? No, 4 + 7 = 11.\n\nFinal Answer: 11',
        '1. Add 5.\n2. Add 6.\n\nThe answer is: 11',
      ],
      wrong: [
        '<think>It is 11.</think>\n\nThe result is 12.',
        tex`<think>Could be \boxed{11}.</think> \boxed{13}`,
        '<answer>110</answer>',
        tex`The answer is 11. But we need twice that: \boxed{22}`,
        tex`So we get \boxed{11`,
        '1. Add 5.\n2. Add 6.\n\nThen see step 11 for the rest.',
      ],
    },
    {
      answer: '0',
      right: [tex`\boxed{0}`, 'There are 0 such numbers.', tex`\boxed{-0}`, tex`\boxed{0.0}`],
      wrong: [tex`\boxed{}`, tex`\boxed{\emptyset}`, 'There are 10 such numbers.', ''],
    },
  ],
}
