import type { Cases } from '../case.js'

const s = String.raw

/** Numbers, roots, and the ways in which they are typed. Forms are what a box holds. */
export const numbers: Cases = {
  'groups of three digits': [
    {
      answer: s`11,\! 111,\! 111,\! 100`,
      right: [
        '11111111100',
        '11,111,111,100',
        s`11,\!111,\!111,\!100`,
        s`11{,}111{,}111{,}100`,
        '11 111 111 100',
        s`11\,111\,111\,100`,
        s`11,\,111,\,111,\,100`,
        s`11,\ 111,\ 111,\ 100`,
        '11111111100.0',
      ],
      wrong: [
        '11111111101',
        '11,111,111,10',
        '11, 111, 111, 100',
        '11,111,111',
        s`(11,111,111,100)`,
        '1111111110',
        s`1.1\times 10^{10}`,
      ],
    },
    {
      answer: '11111111100',
      right: [s`11,\! 111,\! 111,\! 100`, s`11{,}\!111{,}\!111{,}\!100`, s`11,\;111,\;111,\;100`, s`11,~111,~111,~100`],
      wrong: [s`11,\! 111,\! 111,\! 1000`, s`11,\! 111,\! 111`, s`(11, 111, 111, 100)`],
    },
    {
      answer: s`10,\! 080`,
      right: ['10080', '10,080', s`10,\!080`, '10 080'],
      wrong: ['10,80', '1080', '10800', '10.080'],
    },
    { answer: s`1,\ 234`, right: ['1234', '1,234', s`1,\ 234`], wrong: ['1, 235', '(1, 234)', '1.234'] },
    {
      answer: '11111',
      right: [s`11,\!111`, '11,111', s`11\,111`],
      wrong: ['(11, 111)', '[11, 111]', s`\{11, 111\}`, '11, 111'],
    },
    {
      answer: '100, 200',
      right: ['200, 100', '100 and 200', s`\{100, 200\}`, s`100,\ 200`, s`100,\,200`, s`100\text{ and }200`],
      wrong: ['100200', '100', '100, 201'],
    },
    {
      answer: '1234567.89',
      right: ['1,234,567.89', s`1{,}234{,}567.89`, '1 234 567.89', s`1,\!234,\!567.89`],
      wrong: ['1,234,567', '1,234,567.98', '1.234.567,89'],
    },
    {
      answer: '(1, 200)',
      right: ['(1,200)', s`(1,\ 200)`, s`(1,\,200)`],
      wrong: ['1200', '1,200', '(1200)', '(200, 1)'],
    },
    {
      answer: '25000',
      right: [
        '25,000',
        '25 000',
        '25 thousand',
        s`25\times10^3`,
        s`2.5\cdot 10^4`,
        '2.5e4',
        s`25\text{,}000`,
        "25'000",
        '25_000',
        '25\u2009000',
        s`25\text{ thousand}`,
        '25\u202f000',
      ],
      wrong: ['25', '25,00', '250,00', '25, 000', '2.5', '25 00'],
    },
  ],
  'roots of variables': [
    {
      answer: s`\frac{\sqrt{3k}}{k}`,
      right: [
        s`\sqrt{\frac{3}{k}}`,
        s`\sqrt{3/k}`,
        s`\frac{\sqrt3}{\sqrt k}`,
        s`\sqrt{3}k^{-1/2}`,
        s`\left(\frac{3}{k}\right)^{1/2}`,
        s`\frac{3}{\sqrt{3k}}`,
      ],
      wrong: [
        s`\sqrt{3k}`,
        s`\frac{\sqrt{3}}{k}`,
        s`-\sqrt{\frac3k}`,
        s`\sqrt{\frac{k}{3}}`,
        s`\pm\sqrt{\frac3k}`,
        s`\sqrt{\frac{3}{k^2}}`,
        s`\frac{3}{k}`,
      ],
    },
    {
      answer: s`\frac{1}{\sqrt{n}}`,
      right: [s`\sqrt{1/n}`, s`\sqrt{\frac1n}`, s`n^{-1/2}`, s`\frac{\sqrt n}{n}`],
      wrong: [s`\sqrt{n}`, s`\frac1n`, s`-\frac{1}{\sqrt n}`, s`\frac{1}{\sqrt{n^2}}`],
    },
    {
      answer: s`\frac{\sqrt{2Em}}{m}`,
      right: [
        s`\sqrt{\frac{2E}{m}}`,
        s`\sqrt{2E/m}`,
        s`\frac{\sqrt{2E}}{\sqrt{m}}`,
        s`\left(\frac{2E}{m}\right)^{0.5}`,
      ],
      wrong: [s`\sqrt{\frac{2m}{E}}`, s`\frac{\sqrt{2E}}{m}`, s`\sqrt{2Em}`, s`-\sqrt{\frac{2E}{m}}`],
    },
    {
      answer: s`\sqrt{ab}`,
      right: [s`\sqrt{a}\sqrt{b}`, s`\sqrt a\cdot\sqrt b`, s`(ab)^{1/2}`, s`\sqrt{ba}`],
      wrong: [s`\sqrt{a+b}`, s`\sqrt{a}+\sqrt{b}`, s`ab`, s`\frac{a+b}{2}`],
    },
    {
      answer: s`x\sqrt{x}`,
      right: [s`\sqrt{x^3}`, s`x^{3/2}`, s`x^{1.5}`, s`(\sqrt{x})^3`],
      wrong: [s`\sqrt{x^2}`, s`x^2`, s`\sqrt[3]{x^2}`, s`-x\sqrt{x}`],
    },
    {
      answer: s`\ln a + \ln b`,
      right: [s`\ln(ab)`, s`\ln ab`, s`\ln(b)+\ln(a)`],
      wrong: [s`\ln(a+b)`, s`\ln a\ln b`, s`\ln\frac ab`],
    },
    {
      answer: s`3\ln x`,
      right: [s`\ln(x^3)`, s`\ln x^3`, s`\ln x + 2\ln x`],
      wrong: [s`(\ln x)^3`, s`\ln^3 x`, s`\ln 3x`],
    },
    {
      answer: s`\ln(x^2)`,
      right: [s`2\ln|x|`, s`\ln x^2`, s`2\ln\lvert x\rvert`],
      wrong: [s`2\ln x`, s`(\ln x)^2`, s`\ln 2x`],
    },
    { answer: s`2\ln x`, right: [s`2\ln(x)`, s`\ln x + \ln x`], wrong: [s`\ln(x^2)`, s`\ln 2x`] },
    {
      answer: 'x',
      right: [s`\sqrt[3]{x^3}`, s`\frac{x^2}{x}`],
      wrong: [s`\sqrt{x^2}`, s`|x|`, s`-x`, s`\sqrt[4]{x^4}`],
    },
    {
      answer: s`\sqrt{x^2y}`,
      right: [s`|x|\sqrt{y}`, s`\sqrt{yx^2}`],
      wrong: [s`x\sqrt{y}`, s`x\sqrt{xy}`, s`-x\sqrt y`, s`xy`],
    },
    { answer: s`x\sqrt{y}`, right: [s`\sqrt{y}\,x`], wrong: [s`\sqrt{x^2y}`, s`|x|\sqrt{y}`, s`\sqrt{xy}`] },
    {
      answer: s`\frac{1}{\sqrt{x}-1}`,
      right: [s`\frac{\sqrt{x}+1}{x-1}`, s`\frac{-1}{1-\sqrt x}`],
      wrong: [s`\frac{\sqrt{x}-1}{x-1}`, s`\frac{\sqrt x + 1}{x+1}`],
    },
    {
      answer: s`\sqrt{\frac{1}{a-5}}`,
      right: [s`\frac{1}{\sqrt{a-5}}`, s`\frac{\sqrt{a-5}}{a-5}`],
      wrong: [s`\sqrt{a-5}`, s`-\frac{1}{\sqrt{a-5}}`, s`\frac{1}{a-5}`, s`\frac{1}{\sqrt{5-a}}`],
    },
    {
      answer: s`\sqrt[3]{2x}`,
      right: [s`(2x)^{1/3}`, s`\sqrt[3]{2}\sqrt[3]{x}`, s`2^{1/3}x^{1/3}`],
      wrong: [s`\sqrt{2x}`, s`2\sqrt[3]{x}`, s`(2x)^3`, s`\sqrt[3]{2+x}`],
    },
    {
      answer: s`\sqrt{1-x^2}`,
      right: [s`\sqrt{(1-x)(1+x)}`, s`(1-x^2)^{1/2}`, s`\sqrt{-x^2+1}`],
      wrong: [s`1-x`, s`\sqrt{x^2-1}`, s`-\sqrt{1-x^2}`, s`\sqrt{1+x^2}`],
    },
  ],
  'repeating decimals and tails': [
    {
      answer: s`\frac13`,
      right: [s`0.\overline{3}`, '0.(3)', s`0.\dot3`, s`0.\bar3`],
      wrong: ['0.3', '0.333333333333', '0.(34)', '0.3(3)'],
    },
    {
      answer: s`\frac17`,
      right: [s`0.\overline{142857}`, '0.(142857)', '1/7'],
      wrong: ['0.142857142857', '0.142857', '0.14'],
    },
    {
      answer: '0.142857142857',
      right: ['0.142857142857', '.142857142857'],
      wrong: [s`\frac17`, '0.142857', '0.142857142858'],
    },
  ],
  'numbers in other bases': [
    {
      answer: 'A5_{16}',
      right: [s`\text{A5}_{16}`, s`(A5)_{16}`, s`A5_{16}`, s`\mathrm{A5}_{16}`, 'a5_{16}'],
      wrong: ['A6_{16}', 'A5_{12}', '165_{16}', 'A5', '5A_{16}'],
    },
    {
      answer: s`2B4_{12}`,
      right: [s`2B4_{12}`, s`2\text{B}4_{12}`, s`2B4_{\text{twelve}}`, s`\overline{2B4}_{12}`],
      wrong: ['2B5_{12}', '2B4_{13}', '4B2_{12}'],
    },
    {
      answer: '1010_2',
      right: [
        '1010_{2}',
        s`(1010)_2`,
        s`1010_{\text{two}}`,
        '1010',
        s`\overline{1010}_2`,
        s`1010_{(2)}`,
        '1010\u2082',
        s`1010_{\text{base }2}`,
        s`1010\text{ base }2`,
      ],
      wrong: ['10', '1010_3', '101_2', '0101_2', '1010_{10}'],
    },
  ],
  ratios: [
    {
      answer: '3:4',
      right: [
        '6:8',
        s`3\!:\!4`,
        '3 : 4',
        '3 to 4',
        s`\frac34`,
        s`\frac{6}{8}`,
        '3\u22364',
        s`3\text{ to }4`,
        '3/4',
        '0.75',
      ],
      wrong: ['4:3', '3:5', '3:4:5', '9:16', '34', '1.33', '3, 4'],
    },
    { answer: '1:2:3', right: ['2:4:6', s`1 : 2 : 3`, '10:20:30'], wrong: ['1:2', '3:2:1', '1:2:4', '2:4:5', '123'] },
    { answer: s`\sqrt{3}:1`, right: [s`3:\sqrt{3}`, s`\sqrt3 : 1`, s`\sqrt{3}`], wrong: [s`1:\sqrt{3}`, s`3:1`] },
  ],
  complex: [
    {
      answer: s`1+i\sqrt{3}`,
      right: [
        s`2\,\text{cis}\,60^\circ`,
        s`2\operatorname{cis}\frac{\pi}{3}`,
        s`2\left(\cos\frac{\pi}{3}+i\sin\frac{\pi}{3}\right)`,
        s`2e^{i\pi/3}`,
        s`1+\sqrt{3}i`,
        s`\sqrt3 i+1`,
        s`2e^{\frac{\pi i}{3}}`,
        s`z = 1+i\sqrt3`,
      ],
      wrong: [s`2\,\text{cis}\,30^\circ`, s`1-i\sqrt3`, s`\text{cis}\,60^\circ`, s`2`, s`(1,\sqrt3)`, s`\sqrt3+i`],
    },
    {
      answer: '3+4i',
      right: ['4i+3', '3+4\u00b7i', s`3+4\mathrm{i}`, s`3 + 4 i`, s`(3+4i)`, s`-(-3-4i)`],
      wrong: ['3-4i', '4+3i', '7i', '5', '3+4j', s`|3+4i|`],
    },
  ],
}
