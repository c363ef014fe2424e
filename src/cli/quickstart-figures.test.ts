import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { replaceSection } from '../base/marked-section.js'
import { figuresTable, headerOf, type QuickstartFigures, withHeader } from './quickstart-figures.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const figures: QuickstartFigures = JSON.parse(read('quickstart/figures.json'))

describe("the quick start's figures", () => {
  it.each(['grpo', 'clip-b', 'clip-v'])(
    'in the header of quickstart/%s.yaml are those of quickstart/figures.json',
    (run) => {
      const recipe = read(`quickstart/${run}.yaml`)
      expect(withHeader(recipe, headerOf(figures, run))).toBe(recipe)
    },
  )

  it('in docs/log.md are those of quickstart/figures.json', () => {
    const page = read('docs/log.md')
    expect(replaceSection(page, 'quick start', figuresTable(figures))).toBe(page)
  })
})

describe('a header', () => {
  const figure = (entropy_nats: number, avg_at_k: number, pass_at_k: number) => ({ entropy_nats, avg_at_k, pass_at_k })
  const start = figure(0.6, 0.5, 0.9)
  const made: QuickstartFigures = {
    ...{ seed: 3, steps: 80, problems: 77, samples: 8, cpu: 'Some CPU', threads: 1, engine: 'LibTorch 2', node: '20' },
    runs: [{ run: 'grpo', kernels: 'native', start, end: figure(0.25, 0.64, 0.88) }],
  }

  it('states the run, its machine, and where it ends on other kernels', () => {
    expect(headerOf(made, 'grpo')).toBe(
      '# Seed 3, 77 held-out problems, 8 samples: entropy 0.600 -> 0.250 nats, Avg@8 0.500 -> 0.640, Pass@8 0.900 -> 0.880\n' +
        '# (Some CPU, one thread).',
    )
    const elsewhere = { run: 'grpo', kernels: 'avx2', start, end: figure(0.3, 0.61, 0.9) } as const
    expect(headerOf({ ...made, runs: [...made.runs, elsewhere] }, 'grpo').replaceAll('\n#', '')).toContain(
      'with AVX2 kernels at 0.300 nats, Avg@8 0.610, Pass@8 0.900.',
    )
  })

  it('takes the place of the one before, and of nothing else', () => {
    const recipe = '# What it is.\n#\n# Seed 0, old:\n# figures.\n#\n# More.\n\nmodel: m # Seed 1\n'
    expect(withHeader(recipe, '# Seed 3, new.')).toBe(
      '# What it is.\n#\n# Seed 3, new.\n#\n# More.\n\nmodel: m # Seed 1\n',
    )
    expect(() => withHeader('model: m\n', '# Seed 3.')).toThrow('no paragraph')
  })
})
