import type { Cases } from '../case.js'

const s = String.raw

/** Matrices and vectors, also as sums and products whose value is meant. Forms are what a box holds. */
export const matrices: Cases = {
  'sums and differences': [
    {
      answer: s`\begin{pmatrix}4&6\\10&12\end{pmatrix}`,
      right: [
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}+\begin{pmatrix}3&4\\7&8\end{pmatrix}`,
        s`2\begin{pmatrix}2&3\\5&6\end{pmatrix}`,
        s`\begin{bmatrix}5&6\\10&12\end{bmatrix}-\begin{bmatrix}1&0\\0&0\end{bmatrix}`,
        s`\begin{pmatrix}1&1\\1&1\end{pmatrix}+\begin{pmatrix}1&2\\3&4\end{pmatrix}+\begin{pmatrix}2&3\\6&7\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}+\begin{pmatrix}3&4\\7&8\end{pmatrix}=\begin{pmatrix}4&6\\10&12\end{pmatrix}`,
        s`A+B=\begin{pmatrix}4&6\\10&12\end{pmatrix}`,
        s`2\begin{pmatrix}1&1\\1&1\end{pmatrix}+2\begin{pmatrix}1&2\\4&5\end{pmatrix}`,
        s`-\left(\begin{pmatrix}-4&-6\\-10&-12\end{pmatrix}\right)`,
      ],
      wrong: [
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}+\begin{pmatrix}3&4\\7&9\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}3&4\\7&8\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}+\begin{pmatrix}3&4&7&8\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix},\begin{pmatrix}3&4\\7&8\end{pmatrix}`,
        s`\begin{pmatrix}4&6\\10&12\end{pmatrix}+1`,
        s`\begin{pmatrix}4&10\\6&12\end{pmatrix}`,
        s`3\begin{pmatrix}2&3\\5&6\end{pmatrix}`,
        s`\begin{pmatrix}4&6\\10&12\end{pmatrix}-\begin{pmatrix}1&0\\0&0\end{pmatrix}`,
        s`\begin{pmatrix}4&6\\10&12\end{pmatrix}^T`,
      ],
    },
    {
      answer: '(4,6)',
      right: [
        '(1,2)+(3,4)',
        s`\begin{pmatrix}1\\2\end{pmatrix}+\begin{pmatrix}3\\4\end{pmatrix}`,
        '2(2,3)',
        '(5,6)-(1,0)',
        s`\langle 1,2\rangle+\langle 3,4\rangle`,
        s`-2\langle-2,-3\rangle`,
      ],
      wrong: ['(1,2)+(3,5)', '(1,2)+(3,4,0)', '(1,2),(3,4)', '(1,2)(3,4)', '10', '[4,6]', '(6,4)', '2(2,4)'],
    },
  ],
  products: [
    {
      answer: s`\begin{pmatrix}19&22\\43&50\end{pmatrix}`,
      right: [
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}5&6\\7&8\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}\cdot\begin{pmatrix}5&6\\7&8\end{pmatrix}`,
        s`\begin{bmatrix}1&2\\3&4\end{bmatrix}\times\begin{bmatrix}5&6\\7&8\end{bmatrix}`,
      ],
      wrong: [
        s`\begin{pmatrix}5&6\\7&8\end{pmatrix}\begin{pmatrix}1&2\\3&4\end{pmatrix}`,
        s`\begin{pmatrix}5&12\\21&32\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}+\begin{pmatrix}5&6\\7&8\end{pmatrix}`,
      ],
    },
    {
      answer: s`\begin{pmatrix}5\\11\end{pmatrix}`,
      right: [
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}1\\2\end{pmatrix}`,
        '(5,11)',
        s`5\begin{pmatrix}1\\11/5\end{pmatrix}`,
      ],
      wrong: [
        s`\begin{pmatrix}1\\2\end{pmatrix}\begin{pmatrix}1&2\\3&4\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}2\\1\end{pmatrix}`,
        s`\begin{pmatrix}11\\5\end{pmatrix}`,
        '16',
      ],
    },
    {
      answer: s`\begin{pmatrix}7&10\\15&22\end{pmatrix}`,
      right: [s`\begin{pmatrix}1&2\\3&4\end{pmatrix}^2`, s`\begin{pmatrix}1&2\\3&4\end{pmatrix}^{2}`],
      wrong: [s`\begin{pmatrix}1&2\\3&4\end{pmatrix}^3`, s`\begin{pmatrix}1&4\\9&16\end{pmatrix}`],
    },
    {
      answer: s`\begin{pmatrix}-2&1\\3/2&-1/2\end{pmatrix}`,
      right: [
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}^{-1}`,
        s`-\frac12\begin{pmatrix}4&-2\\-3&1\end{pmatrix}`,
        s`\frac{1}{-2}\begin{pmatrix}4&-2\\-3&1\end{pmatrix}`,
        s`\begin{pmatrix}-2&1\\1.5&-0.5\end{pmatrix}`,
      ],
      wrong: [
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}`,
        s`\frac12\begin{pmatrix}4&-2\\-3&1\end{pmatrix}`,
        s`\begin{pmatrix}1&2\\2&4\end{pmatrix}^{-1}`,
      ],
    },
    {
      answer: s`\begin{pmatrix}1\\2\\3\end{pmatrix}`,
      right: [
        s`\frac{1}{2}\begin{pmatrix}2\\4\\6\end{pmatrix}`,
        s`\frac{\begin{pmatrix}2\\4\\6\end{pmatrix}}{2}`,
        s`\begin{pmatrix}1&2&3\end{pmatrix}^T`,
        s`\begin{pmatrix}1&2&3\end{pmatrix}^{\top}`,
        s`\begin{pmatrix}1&2&3\end{pmatrix}^{\mathsf T}`,
        s`(1,2,3)^T`,
        s`\hat{\imath}+2\hat{\jmath}+3\hat{k}`,
      ],
      wrong: [
        s`\frac{1}{2}\begin{pmatrix}2\\4\\7\end{pmatrix}`,
        s`\frac{2}{\begin{pmatrix}2\\1\\2/3\end{pmatrix}}`,
        '6',
        s`\{1,2,3\}`,
      ],
    },
    {
      answer: '11',
      right: [
        s`(1,2)\cdot(3,4)`,
        s`\begin{pmatrix}1\\2\end{pmatrix}\cdot\begin{pmatrix}3\\4\end{pmatrix}`,
        s`\begin{pmatrix}1&2\end{pmatrix}\begin{pmatrix}3\\4\end{pmatrix}`,
        s`\langle 1,2\rangle\cdot\langle 3,4\rangle = 11`,
      ],
      wrong: [
        s`(1,2)\cdot(4,3)`,
        s`(1,2)+(3,4)`,
        '(1,2)(3,4)',
        s`\begin{pmatrix}3\\4\end{pmatrix}\begin{pmatrix}1&2\end{pmatrix}`,
      ],
    },
    {
      answer: '-2',
      right: [
        s`\begin{vmatrix}1&2\\3&4\end{vmatrix}`,
        s`\det\begin{pmatrix}1&2\\3&4\end{pmatrix}`,
        s`\left|\begin{matrix}1&2\\3&4\end{matrix}\right|`,
        s`\det\left(\begin{bmatrix}1&2\\3&4\end{bmatrix}\right)`,
      ],
      wrong: [
        s`\begin{vmatrix}3&4\\1&2\end{vmatrix}`,
        s`\begin{pmatrix}1&2\\3&4\end{pmatrix}`,
        s`\begin{vmatrix}1&2&3\\3&4&5\end{vmatrix}`,
        s`\det\begin{pmatrix}1&2\\3&5\end{pmatrix}`,
      ],
    },
    {
      answer: '6',
      right: [s`\begin{vmatrix}1&0&0\\0&2&0\\0&0&3\end{vmatrix}`],
      wrong: [s`\begin{vmatrix}1&0&0\\0&3&0\\0&0&3\end{vmatrix}`],
    },
  ],
  'lines and names': [
    {
      answer: s`\begin{pmatrix}1\\2\end{pmatrix}+t\begin{pmatrix}3\\4\end{pmatrix}`,
      right: [
        s`\begin{pmatrix}1+3t\\2+4t\end{pmatrix}`,
        s`\begin{bmatrix}1\\2\end{bmatrix}+t\begin{bmatrix}3\\4\end{bmatrix}`,
        s`(1+3t, 2+4t)`,
        s`\mathbf{r} = \begin{pmatrix}1\\2\end{pmatrix}+t\begin{pmatrix}3\\4\end{pmatrix}`,
        s`(1,2)+t(3,4)`,
      ],
      wrong: [
        s`\begin{pmatrix}1\\2\end{pmatrix}+t\begin{pmatrix}4\\3\end{pmatrix}`,
        s`\begin{pmatrix}1\\2\end{pmatrix}`,
        s`\begin{pmatrix}3\\4\end{pmatrix}+t\begin{pmatrix}1\\2\end{pmatrix}`,
        s`\begin{pmatrix}1\\2\end{pmatrix}-t\begin{pmatrix}3\\4\end{pmatrix}`,
      ],
    },
    {
      answer: s`\begin{pmatrix}0&-1\\1&0\end{pmatrix}`,
      right: [
        s`R = \begin{pmatrix}0&-1\\1&0\end{pmatrix}`,
        s`\mathbf{R}=\begin{pmatrix}0&-1\\1&0\end{pmatrix}`,
        s`\left[\begin{array}{rr}0&-1\\1&0\end{array}\right]`,
        s`\begin{pmatrix}\cos 90^\circ&-\sin 90^\circ\\ \sin 90^\circ&\cos 90^\circ\end{pmatrix}`,
        s`\left( \begin{smallmatrix} 0 & -1 \\ 1 & 0 \end{smallmatrix} \right)`,
        s`\begin{pmatrix} 0 & -1 \\ 1 & 0 \\ \end{pmatrix}`,
        '[[0,-1],[1,0]]',
      ],
      wrong: [
        s`\begin{pmatrix}0&1\\-1&0\end{pmatrix}`,
        s`\begin{pmatrix}-1&0\\0&1\end{pmatrix}`,
        '(0,-1,1,0)',
        s`\begin{vmatrix}0&-1\\1&0\end{vmatrix}`,
        '1',
      ],
    },
    {
      answer: s`\begin{pmatrix}a&b\\c&d\end{pmatrix}`,
      right: [s`\begin{pmatrix}a&0\\0&d\end{pmatrix}+\begin{pmatrix}0&b\\c&0\end{pmatrix}`],
      wrong: [s`\begin{pmatrix}a&c\\b&d\end{pmatrix}`, s`\begin{pmatrix}1&b\\c&d\end{pmatrix}`],
    },
  ],
}
