/** A part of a Markdown page that a command writes, between two comments. */

const markers = (name: string, by: string) => [`<!-- ${name}: written by ${by} -->`, `<!-- end of ${name} -->`] as const

/** The page with `body` in place of what stands between the marks of `name`. @throws Error where the page has no such marks. */
export function replaceSection(page: string, name: string, body: string, by = 'npm run docs'): string {
  const [begin, end] = markers(name, by)
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`no section between ${begin} and ${end}`)
  return `${page.slice(0, from)}${begin}\n\n${body.trim()}\n\n${page.slice(to)}`
}
