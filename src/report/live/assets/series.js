/** The numbers behind the curves: what is known of a run, and the lines that are drawn of it. */

/** Beyond so many points a curve is thinned to the extremes of each stretch: a screen has no more columns. */
const mostPoints = 1500

/** What was known, and what is new behind it. */
export function mergedRun(known, { run, series, evaluations, warnings, concerns, metrics, topics }) {
  const settled = { run, evaluations, warnings, concerns, topics, generation: series.generation, count: series.count }
  const group = [run.method, run.algorithm, run.name.replace(/[-_]?(?:seed)?[-_]?\d+$/, '').replace(/seed-\d+\/?/, '')]
    .filter(Boolean)
    .join(' ')
  const entry = { ...settled, group, sums: new Map() }
  if (!known || known.generation !== series.generation) return { ...entry, metrics, columns: series.columns }
  const fresh = series.count - known.count
  const { columns } = known
  for (const key of new Set([...Object.keys(columns), ...Object.keys(series.columns)])) {
    columns[key] ??= new Array(known.count).fill(null)
    columns[key].push(...(series.columns[key] ?? new Array(fresh).fill(null)))
  }
  const listed = new Map([...known.metrics, ...metrics].map((metric) => [metric.key, metric]))
  return { ...entry, metrics: [...listed.values()], columns }
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

/** The keys of a figure: one metric, or the members of a figure that several share. */
const keysOf = ({ key, members }) => members?.map((member) => member.key) ?? [key]

/** Whether a run has a value of a figure. */
export const hasValues = (entry, metric) =>
  keysOf(metric).some((key) => (metric.evaluation ? entry.evaluations : entry).columns[key] !== undefined)

/** Where the steps of a run lie along the x axis. */
export function xOf(entry, evaluation, along) {
  const { columns } = evaluation ? entry.evaluations : entry
  if (along === 'step' || evaluation) return columns.step ?? []
  if (!entry.sums.has(along)) {
    let sum = 0
    entry.sums.set(
      along,
      along === 'time'
        ? (columns.time ?? []).map((time) => (time - columns.time[0]) / 60)
        : (columns.completion_tokens ?? []).map((count) => {
            sum += count ?? 0
            return sum
          }),
    )
  }
  return entry.sums.get(along)
}

/** Each run a line, or each member of a shared figure; or runs that differ in their seed alone a mean and its extremes. */
export function linesOf(runs, metric, { x: along, smooth, band, zoom }) {
  const lines = runs.flatMap((entry) => {
    const { columns } = metric.evaluation ? entry.evaluations : entry
    return (metric.members ?? [{ key: metric.key }]).map(({ key, name }) => ({
      name: name ?? entry.run.name,
      group: entry.group,
      x: xOf(entry, metric.evaluation, along),
      y: columns[key] ?? [],
    }))
  })
  const smoothing = (values) => smoothed(values, metric.evaluation ? 0 : smooth)
  if (!band) return lines.map((line) => ({ ...line, ...shownPart(line.x, smoothing(line.y), zoom) }))
  const groups = Map.groupBy(lines, ({ group }) => group)
  return [...groups].flatMap(([group, members]) => {
    const joined = uPlot.join(members.map(({ x, y }) => [x, smoothing(y)]))
    const [x, ...columns] = joined
    const at = (pick) =>
      x.map((_, i) => pick(columns.map((column) => column[i]).filter((value) => value !== null && value !== undefined)))
    const known = (pick) => at((values) => (values.length === 0 ? null : pick(values)))
    const line = (name, pick, edge) => ({ name, edge, ...shownPart(x, known(pick), zoom) })
    const title = members.length === 1 ? members[0].name : `${group}, ${members.length} seeds`
    return [
      line(title, (v) => v.reduce((a, b) => a + b, 0) / v.length),
      ...(members.length === 1
        ? []
        : [
            line(`${group} lowest`, (v) => Math.min(...v), true),
            line(`${group} highest`, (v) => Math.max(...v), true),
          ]),
    ]
  })
}

/** Of a zoomed curve the part in view, and a point on either side; thinned if it still has too many. */
function shownPart(x, y, zoom) {
  if (!zoom || x.length <= mostPoints) return thinned(x, y)
  let from = 0
  let to = x.length
  while (from < x.length && x[from] < zoom[0]) from++
  while (to > from && x[to - 1] > zoom[1]) to--
  from = Math.max(0, from - 1)
  to = Math.min(x.length, to + 1)
  return thinned(x.slice(from, to), y.slice(from, to))
}

/** The mean of each point and those before it, `count` at most; gaps stay gaps. */
export function smoothed(values, count) {
  if (count < 2) return values
  let [sum, known] = [0, 0]
  return values.map((value, i) => {
    if (value !== null) {
      sum += value
      known++
    }
    const gone = i >= count ? values[i - count] : null
    if (gone !== null) {
      sum -= gone
      known--
    }
    return value === null ? null : sum / known
  })
}

/** All numbers of some runs as CSV, one line a run and step. */
export function csvOf(entries) {
  const keys = [...new Set(entries.flatMap(({ columns }) => Object.keys(columns)))]
  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const named = entries.length > 1
  const rows = entries.flatMap(({ run, columns }) =>
    (columns.step ?? []).map((_, i) =>
      [...(named ? [cell(run.name)] : []), ...keys.map((key) => columns[key]?.[i] ?? '')].join(','),
    ),
  )
  return [[...(named ? ['run'] : []), ...keys].map(cell).join(','), ...rows].join('\n')
}
