/** The numbers behind the curves: what is known of a run, and the lines that are drawn of it. */

/** Beyond so many points a curve is thinned to the extremes of each stretch: a screen has no more columns. */
const mostPoints = 1500

/** What was known, and what is new behind it. */
export function mergedRun(known, { run, series, evaluations, warnings, concerns, metrics, topics }) {
  const settled = { run, evaluations, warnings, concerns, topics, generation: series.generation, count: series.count }
  const group = [run.method, run.algorithm, run.name.replace(/[-_]?(?:seed)?[-_]?\d+$/, '').replace(/seed-\d+\/?/, '')]
    .filter(Boolean)
    .join(' ')
  if (!known || known.generation !== series.generation) return { ...settled, group, metrics, columns: series.columns }
  const fresh = series.count - known.count
  const keys = new Set([...Object.keys(known.columns), ...Object.keys(series.columns)])
  const columns = {}
  for (const key of keys) {
    const before = known.columns[key] ?? new Array(known.count).fill(null)
    columns[key] = [...before, ...(series.columns[key] ?? new Array(fresh).fill(null))]
  }
  const listed = new Map([...known.metrics, ...metrics].map((metric) => [metric.key, metric]))
  return { ...settled, group, metrics: [...listed.values()], columns }
}

/** The lowest and highest point of every stretch, so that no spike is lost. */
export function thinned(x, y) {
  if (x.length <= mostPoints) return { x, y }
  const size = Math.ceil(x.length / (mostPoints / 2))
  const kept = []
  for (let start = 0; start < x.length; start += size) {
    const end = Math.min(start + size, x.length)
    let [low, high] = [start, start]
    for (let i = start; i < end; i++) {
      if (y[i] === null) continue
      if (y[low] === null || y[i] < y[low]) low = i
      if (y[high] === null || y[i] > y[high]) high = i
    }
    kept.push(...new Set([Math.min(low, high), Math.max(low, high)]))
  }
  return { x: kept.map((i) => x[i]), y: kept.map((i) => y[i]) }
}

/** Curves of held-out evaluations, which have lines of their own. */
export const evaluationMetrics = {
  avg_at_k: { title: 'Avg@K', caption: 'Share of right completions on held-out problems.' },
  pass_at_k: { title: 'Pass@K', caption: 'Share of held-out problems that K completions solve.' },
  reward_mean: { title: 'Held-out reward', caption: 'Mean reward on held-out problems.' },
}

/** A metric's values in a run, if it has any. */
export const columnOf = (entry, { evaluation, key }) => (evaluation ? entry.evaluations : entry).columns[key]

function xOf(entry, evaluation, along) {
  const { columns } = evaluation ? entry.evaluations : entry
  if (along === 'step' || evaluation) return columns.step ?? []
  if (along === 'time') return (columns.time ?? []).map((time) => (time - columns.time[0]) / 60)
  let sum = 0
  return (columns.completion_tokens ?? []).map((count) => (sum += count ?? 0))
}

/** Each run a line; or runs that differ in their seed alone a mean with the band of their extremes. */
export function linesOf(runs, metric, { x: along, smooth, band }) {
  const lines = runs.map((entry) => ({
    name: entry.run.name,
    group: entry.group,
    x: xOf(entry, metric.evaluation, along),
    y: columnOf(entry, metric) ?? [],
  }))
  if (!band) return lines.map((line) => ({ ...line, ...thinned(line.x, smoothed(line.y, smooth)) }))
  const groups = Map.groupBy(lines, ({ group }) => group)
  return [...groups].flatMap(([group, members]) => {
    const joined = uPlot.join(members.map(({ x, y }) => [x, smoothed(y, smooth)]))
    const [x, ...columns] = joined
    const at = (pick) =>
      x.map((_, i) => pick(columns.map((column) => column[i]).filter((value) => value !== null && value !== undefined)))
    const known = (pick) => at((values) => (values.length === 0 ? null : pick(values)))
    return [
      { name: `${group}, ${members.length} seeds`, x, y: known((v) => v.reduce((a, b) => a + b, 0) / v.length) },
      { name: `${group} lowest`, x, y: known((v) => Math.min(...v)), edge: true },
      { name: `${group} highest`, x, y: known((v) => Math.max(...v)), edge: true },
    ]
  })
}

/** The mean of each point and those before it, `count` at most; gaps stay gaps. */
function smoothed(values, count) {
  if (count < 2) return values
  return values.map((value, i) => {
    if (value === null) return null
    const part = values.slice(Math.max(0, i - count + 1), i + 1).filter((one) => one !== null)
    return part.reduce((a, b) => a + b, 0) / part.length
  })
}
