/** The quick start's figures as its recipes and docs/log.md state them, all from one measurement (quickstart/figures.json). */

/** Of the held-out problems. */
export interface HeldOutFigures {
  entropy_nats: number
  avg_at_k: number
  pass_at_k: number
}

export interface FiguresRun {
  /** `grpo`, `clip-b`, `clip-v`; with a bound of its own as `clip-b 1.25`. */
  run: string
  /** native: the processor's best instructions. avx2: as a processor without AVX-512 computes. */
  kernels: 'native' | 'avx2'
  start: HeldOutFigures
  end: HeldOutFigures
}

export interface QuickstartFigures {
  seed: number
  steps: number
  problems: number
  samples: number
  /** The processor, in words. */
  cpu: string
  threads: number
  engine: string
  node: string
  runs: FiguresRun[]
}

const three = (value: number) => value.toFixed(3)

export const runOf = ({ runs }: QuickstartFigures, run: string, kernels: FiguresRun['kernels'] = 'native') =>
  runs.find((each) => each.run === run && each.kernels === kernels)

const machine = ({ cpu, threads }: QuickstartFigures) =>
  `${cpu}, ${threads === 1 ? 'one thread' : `${threads} threads`}`

/** Lines of at most 120 characters, each behind `prefix`. */
function wrapped(text: string, prefix = ''): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : ''
    if (longer !== '' && longer.length <= 120) lines[lines.length - 1] = longer
    else lines.push(`${prefix}${word}`)
  }
  return lines.join('\n')
}

/** What a recipe's header says of its run. */
export function headerOf(figures: QuickstartFigures, run: string): string {
  const { seed, problems, samples: K } = figures
  const { start, end } = runOf(figures, run)!
  const change = (key: keyof HeldOutFigures) => `${three(start[key])} -> ${three(end[key])}`
  const other = runOf(figures, run, 'avx2')
  const elsewhere = other
    ? ` Another CPU rounds differently and its run ends elsewhere: with AVX2 kernels at ${three(other.end.entropy_nats)} nats, ` +
      `Avg@${K} ${three(other.end.avg_at_k)}, Pass@${K} ${three(other.end.pass_at_k)}.`
    : ''
  return wrapped(
    `Seed ${seed}, ${problems} held-out problems, ${K} samples: entropy ${change('entropy_nats')} nats, ` +
      `Avg@${K} ${change('avg_at_k')}, Pass@${K} ${change('pass_at_k')} (${machine(figures)}).${elsewhere}`,
    '# ',
  )
}

const names: Record<string, string> = { grpo: 'GRPO', 'clip-b': 'Clip_B', 'clip-v': 'Clip_V' }

/** `clip-b 1.25` as Clip_B, mu 1.25; the recipes' own bound is 2. */
function nameOf(run: string): string {
  const [key, mu] = run.split(' ')
  return key === 'grpo' ? names[key] : `${names[key]}, mu ${mu ?? 2}`
}

/** The table in docs/log.md. */
export function figuresTable(figures: QuickstartFigures): string {
  const { seed, steps, problems, samples: K, engine, node } = figures
  const { start } = runOf(figures, 'grpo')!
  const row = (name: string, { entropy_nats, avg_at_k, pass_at_k }: HeldOutFigures) =>
    `| ${name} | ${three(entropy_nats)} | ${three(avg_at_k)} | ${three(pass_at_k)} |`
  return [
    wrapped(
      `Seed ${seed}, ${steps} steps, ${problems} held-out problems with ${K} samples each. ${machine(figures)}, ${engine}, ` +
        `Node ${node}. \`npm run figures:quickstart\` measures them.`,
    ),
    '',
    `| run | entropy, nats | Avg@${K} | Pass@${K} |`,
    '|---|---|---|---|',
    row('at the start', start),
    ...figures.runs.map(({ run, kernels, end }) =>
      row(`${nameOf(run)}${kernels === 'avx2' ? ', AVX2 kernels' : ''}`, end),
    ),
    '',
    differences(figures),
  ].join('\n')
}

/** How far the same seed ends apart on kernels that round differently. */
function differences(figures: QuickstartFigures): string {
  const pairs = figures.runs.flatMap((one) => {
    const other = one.kernels === 'native' ? runOf(figures, one.run, 'avx2') : undefined
    return other ? [[one.end, other.end] as const] : []
  })
  if (pairs.length === 0) return ''
  const largest = (key: keyof HeldOutFigures) => three(Math.max(...pairs.map(([a, b]) => Math.abs(a[key] - b[key]))))
  const K = figures.samples
  return wrapped(
    'The same machine, thread count, and version give the same bits. Another CPU, thread count, or LibTorch rounds ' +
      'differently; after some steps it samples other tokens, and from there on it is another run. Between the kernels ' +
      `above the entropy differs by up to ${largest('entropy_nats')} nats, Avg@${K} by up to ${largest('avg_at_k')}, and Pass@${K} by up to ` +
      `${largest('pass_at_k')}.`,
  )
}

/** A recipe's text with the figures in place of those it has: the paragraph of its header that begins with "Seed". */
export function withHeader(recipe: string, header: string): string {
  const found = /^# Seed \d.*\n(?:# .*\n)*/m
  if (!found.test(recipe)) throw new Error('the recipe has no paragraph "# Seed 0, ..."')
  return recipe.replace(found, () => `${header}\n`)
}
