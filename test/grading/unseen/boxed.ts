/** Boxed answers in the style of MATH-500 with decoys, labeled before anybody saw what the grader says of them. */
import type { Cases } from '../case.js'

const tex = String.raw

export const boxed: Cases = {
  radicals: [
    {
      answer: tex`\frac{\sqrt{6}}{3}`,
      right: [
        tex`\boxed{\sqrt{\frac{2}{3}}}`,
        tex`\boxed{\frac{2}{\sqrt 6}}`,
        tex`$\boxed{\sqrt6/3}$`,
        tex`\boxed{\frac13\sqrt{6}}`,
      ],
      wrong: [tex`\boxed{\sqrt{2}}`, tex`\boxed{\frac{6}{\sqrt 3}}`, tex`\boxed{0.816}`, tex`\boxed{\frac{\sqrt6}{2}}`],
    },
    {
      answer: tex`\frac{\sqrt{5m}}{m}`,
      right: [tex`\boxed{\sqrt{\frac{5}{m}}}`, tex`\boxed{\frac{\sqrt5}{\sqrt m}}`],
      wrong: [tex`\boxed{\frac{\sqrt{5}}{m}}`, tex`\boxed{\sqrt{5m}}`, tex`\boxed{\frac{5}{m}}`],
    },
    {
      answer: tex`2\sqrt[3]{5}`,
      right: [tex`\boxed{\sqrt[3]{40}}`, tex`\boxed{2 \cdot 5^{1/3}}`],
      wrong: [tex`\boxed{2\sqrt{5}}`, tex`\boxed{\sqrt[3]{10}}`, tex`\boxed{\sqrt[3]{20}}`],
    },
    {
      answer: tex`7 + 4\sqrt{3}`,
      right: [tex`\boxed{4\sqrt 3 + 7}`, tex`\boxed{(2+\sqrt{3})^2}`, tex`\boxed{\frac{1}{7-4\sqrt{3}}}`],
      wrong: [tex`\boxed{7 - 4\sqrt{3}}`, tex`\boxed{11\sqrt{3}}`, tex`\boxed{13.93}`, tex`\boxed{7 + 3\sqrt{4}}`],
    },
  ],
  'relations up to a factor': [
    {
      answer: tex`3x - 4y + 10 = 0`,
      right: [tex`\boxed{6x - 8y + 20 = 0}`, tex`\boxed{4y = 3x + 10}`, tex`\boxed{-3x+4y=10}`],
      wrong: [tex`\boxed{3x + 4y + 10 = 0}`, tex`\boxed{6x - 8y + 10 = 0}`, tex`\boxed{3x - 4y = 10}`],
    },
    {
      answer: tex`x < -2`,
      right: [tex`\boxed{-x > 2}`, tex`\boxed{-2 > x}`, tex`\boxed{(-\infty, -2)}`],
      wrong: [tex`\boxed{-x < 2}`, tex`\boxed{x \le -2}`, tex`\boxed{x > -2}`, tex`\boxed{(-\infty, -2]}`],
    },
    {
      answer: tex`x^2 + y^2 = 9`,
      right: [
        tex`\boxed{2x^2 + 2y^2 = 18}`,
        tex`\boxed{\frac{x^2}{9} + \frac{y^2}{9} = 1}`,
        tex`\boxed{9 - x^2 = y^2}`,
      ],
      wrong: [
        tex`\boxed{x^2 + y^2 = 3}`,
        tex`\boxed{x^2 - y^2 = 9}`,
        tex`\boxed{x^2 + y^2 < 9}`,
        tex`\boxed{x + y = 3}`,
      ],
    },
  ],
  'membership and chains': [
    {
      answer: tex`(0, 4]`,
      right: [
        tex`\boxed{0 < x \le 4}`,
        tex`\boxed{x \in (0,4]}`,
        tex`\boxed{4 \ge t > 0}`,
        tex`\boxed{\left(0,4\right]}`,
      ],
      wrong: [tex`\boxed{0 \le x \le 4}`, tex`\boxed{x \in (0,4)}`, tex`\boxed{[0,4)}`, tex`\boxed{x \le 4}`],
    },
    {
      answer: tex`(-\infty, 1) \cup (3, \infty)`,
      right: [
        tex`\boxed{x < 1 \text{ or } x > 3}`,
        tex`\boxed{(3,\infty)\cup(-\infty,1)}`,
        tex`\boxed{\mathbb{R}\setminus[1,3]}`,
      ],
      wrong: [
        tex`\boxed{1 < x < 3}`,
        tex`\boxed{(-\infty, 1] \cup [3, \infty)}`,
        tex`\boxed{(-\infty,1)\cup(1,3)}`,
        tex`\boxed{x < 1 \text{ and } x > 3}`,
      ],
    },
  ],
  matrices: [
    {
      answer: tex`\begin{pmatrix} 3 & 1 \\ 0 & 2 \end{pmatrix}`,
      right: [
        tex`\boxed{\begin{bmatrix} 3 & 1 \\ 0 & 2 \end{bmatrix}}`,
        tex`\boxed{\begin{pmatrix}1&1\\0&1\end{pmatrix}+\begin{pmatrix}2&0\\0&1\end{pmatrix}}`,
        tex`So $A = \begin{pmatrix}6/2&1\\0&2\end{pmatrix}$.`,
      ],
      wrong: [
        tex`\boxed{\begin{pmatrix} 3 & 0 \\ 1 & 2 \end{pmatrix}}`,
        tex`\boxed{\begin{pmatrix} 3 & 1 & 0 & 2 \end{pmatrix}}`,
        tex`\boxed{\begin{vmatrix} 3 & 1 \\ 0 & 2 \end{vmatrix}}`,
        tex`\boxed{\begin{pmatrix} 3 & 1 \\ 0 & -2 \end{pmatrix}}`,
      ],
    },
    {
      answer: tex`\begin{pmatrix} -1 \\ 2 \\ 5 \end{pmatrix}`,
      right: [
        tex`\boxed{\begin{pmatrix}-1\\2\\5\end{pmatrix}}`,
        tex`$$\mathbf{v} = \boxed{\begin{bmatrix} -1 \\ 2 \\ 5 \end{bmatrix}}$$`,
      ],
      wrong: [
        tex`\boxed{\begin{pmatrix}-1\\2\\-5\end{pmatrix}}`,
        tex`\boxed{\begin{pmatrix}2\\-1\\5\end{pmatrix}}`,
        tex`\boxed{\begin{pmatrix}-1\\2\end{pmatrix}}`,
      ],
    },
  ],
  'numbers of MATH-500': [
    {
      answer: tex`\frac{14}{3}`,
      right: [
        tex`\boxed{4\frac{2}{3}}`,
        tex`\boxed{14/3}`,
        tex`\boxed{4.\overline{6}}`,
        tex`\[\boxed{\cfrac{28}{6}}\]`,
      ],
      wrong: [tex`\boxed{4.67}`, tex`\boxed{\frac{3}{14}}`, tex`\boxed{4\frac{1}{3}}`, tex`\boxed{4.6}`],
    },
    {
      answer: '.0625',
      right: [tex`\boxed{\frac{1}{16}}`, tex`\boxed{0.0625}`, tex`\boxed{2^{-4}}`, tex`\boxed{6.25 \times 10^{-2}}`],
      wrong: [tex`\boxed{.625}`, tex`\boxed{0.06}`, tex`\boxed{\frac1{15}}`],
    },
    {
      answer: '2220_5',
      right: [tex`\boxed{2220_5}`, tex`\boxed{2220_{5}}`, tex`$4321_5 - 2101_5 = \boxed{2220_{\text{five}}}$`],
      wrong: [tex`\boxed{2220_6}`, tex`\boxed{310_5}`, tex`\boxed{2022_5}`],
    },
    {
      answer: '-3',
      right: [tex`\boxed{-3}`, tex`\boxed{ - 3 }`, tex`\boxed{\text{-}3}`, tex`\boxed{−3}`, 'The minimum value is −3.'],
      wrong: [tex`\boxed{3}`, tex`\boxed{\pm 3}`, tex`\boxed{|-3|}`, 'The minimum value is 3.'],
    },
    {
      answer: '128',
      right: [tex`\boxed{2^7}`, tex`\boxed{2 \cdot 64}`, tex`\boxed{128\text{ cubic units}}`, tex`\boxed{n = 128}`],
      wrong: [tex`\boxed{7^2}`, tex`\boxed{2^6}`, tex`\boxed{128!}`, tex`\boxed{12.8}`],
    },
  ],
  'expressions of MATH-500': [
    {
      answer: tex`6r^2 - 4r - 24`,
      right: [tex`\boxed{-24 + 6r^2 - 4r}`, tex`\boxed{2(3r^2 - 2r - 12)}`, tex`$= \boxed{6r^{2}-4r-24}$`],
      wrong: [
        tex`\boxed{6r^2 + 4r - 24}`,
        tex`\boxed{3r^2 - 2r - 12}`,
        tex`\boxed{6x^2 - 4x - 24}`,
        tex`\boxed{6r^2 - 4r - 24 = 0}`,
      ],
    },
    {
      answer: tex`(x+2)(x-5)`,
      right: [tex`\boxed{(x-5)(x+2)}`, tex`\boxed{\left(x+2\right)\cdot\left(x-5\right)}`],
      wrong: [tex`\boxed{(x-2)(x+5)}`, tex`\boxed{(x+2)(x+5)}`, tex`\boxed{(x+2), (x-5)}`],
    },
    {
      answer: tex`\frac{x}{1-x}`,
      right: [tex`\boxed{-\frac{x}{x-1}}`, tex`\boxed{\frac{-x}{x-1}}`, tex`\boxed{x/(1-x)}`],
      wrong: [tex`\boxed{x/1-x}`, tex`\boxed{\frac{1-x}{x}}`, tex`\boxed{\frac{x}{x-1}}`],
    },
    {
      answer: 'p - q',
      right: [tex`\boxed{p-q}`, tex`\boxed{-q + p}`, tex`The sum equals $p - q$.`],
      wrong: [tex`\boxed{q-p}`, tex`\boxed{p+q}`, tex`\boxed{|p-q|}`],
    },
    {
      answer: tex`3e^{2t} + 1`,
      right: [tex`\boxed{1 + 3e^{2t}}`, tex`\boxed{3(e^t)^2 + 1}`],
      wrong: [tex`\boxed{3e^{2t+1}}`, tex`\boxed{3e^{t^2} + 1}`, tex`\boxed{3e^{2t}}`],
    },
    {
      answer: tex`\ln 6`,
      right: [tex`\boxed{\ln 2 + \ln 3}`, tex`\boxed{\log_e 6}`],
      wrong: [tex`\boxed{\ln 5}`, tex`\boxed{\ln 2 \cdot \ln 3}`, tex`\boxed{1.79}`],
    },
  ],
  'tuples, lists, and sets': [
    {
      answer: tex`\left( 3, \frac{\pi}{2} \right)`,
      right: [
        tex`\boxed{(3, \pi/2)}`,
        tex`\boxed{\left(3,\tfrac{\pi}{2}\right)}`,
        tex`Hence $(r,\theta) = \boxed{\left(3, \frac{\pi}{2}\right)}$`,
      ],
      wrong: [tex`\boxed{(\pi/2, 3)}`, tex`\boxed{(3, \pi)}`, tex`\boxed{[3, \pi/2]}`, tex`\boxed{(3, 1.57)}`],
    },
    {
      answer: '1, -2, 4',
      right: [tex`\boxed{-2, 1, 4}`, tex`\boxed{4, 1, \text{ and } -2}`, tex`\boxed{\{1,-2,4\}}`],
      wrong: [tex`\boxed{1, 2, 4}`, tex`\boxed{1, -2}`, tex`\boxed{1, -2, 4, 4.5}`],
    },
    {
      answer: tex`3 \pm \sqrt{2}`,
      right: [tex`\boxed{3+\sqrt2, 3-\sqrt2}`, tex`$x = \boxed{3 \pm \sqrt{2}}$`],
      wrong: [tex`\boxed{3+\sqrt2}`, tex`\boxed{-3\pm\sqrt2}`, tex`\boxed{3 \pm 2}`],
    },
    {
      answer: tex`(1,2), (3,4)`,
      right: [tex`\boxed{(3,4), (1,2)}`, tex`\boxed{(1,2) \text{ and } (3,4)}`],
      wrong: [tex`\boxed{(1,2,3,4)}`, tex`\boxed{(2,1), (4,3)}`, tex`\boxed{(1,2)}`, tex`\boxed{(1,3), (2,4)}`],
    },
  ],
  'complex numbers': [
    {
      answer: tex`6 - 5i`,
      right: [tex`\boxed{-5i + 6}`, tex`$z = \boxed{6-5i}$`, tex`\boxed{6 + (-5)i}`],
      wrong: [tex`\boxed{6 + 5i}`, tex`\boxed{5 - 6i}`, tex`\boxed{i}`, tex`\boxed{6 - 5}`],
    },
    {
      answer: tex`\frac{1 + i\sqrt{3}}{2}`,
      right: [
        tex`\boxed{\frac12 + \frac{\sqrt3}{2}i}`,
        tex`\boxed{e^{i\pi/3}}`,
        tex`\boxed{\cos 60^\circ + i\sin 60^\circ}`,
      ],
      wrong: [tex`\boxed{\frac{1 - i\sqrt3}{2}}`, tex`\boxed{e^{i\pi/6}}`, tex`\boxed{\frac{\sqrt3 + i}{2}}`],
    },
  ],
}
