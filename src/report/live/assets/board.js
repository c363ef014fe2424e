/** Figures in sections. Only figures in view are drawn; the others wait, whatever changes. */
import { Curve } from './curve.js'

const { make } = globalThis.report

export class Board {
  /** `view`: its runs(), state, comparing, pinned, pin(key), and changed(), which is called after a zoom. */
  constructor(view) {
    this.view = view
    this.place = make('div')
    this.curves = new Map()
    this.signature = ''
    this.seen = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) this.curves.get(target.dataset.key)?.show(isIntersecting)
      },
      { rootMargin: '200px' },
    )
    view.zoom = (ends) => {
      view.state.zoom = ends
      this.refresh()
      view.changed()
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const curve of this.curves.values()) curve.restyle()
    })
    // Paper shows what is out of view, too.
    addEventListener('beforeprint', () => {
      for (const curve of this.curves.values()) curve.show(true)
    })
  }

  /** `blocks`: {title, intro, metrics, parts} each; parts are elements behind the figures. */
  draw(blocks, nothing) {
    const signature = JSON.stringify(blocks.map(({ title, metrics }) => [title, metrics.map(({ name }) => name)]))
    if (signature !== this.signature) this.#lay(blocks, nothing)
    this.signature = signature
    for (const { title, parts = [] } of blocks) {
      const place = this.place.querySelector(`section[data-title="${CSS.escape(title)}"] .parts`)
      place?.replaceChildren(...parts)
    }
    this.refresh()
  }

  refresh() {
    for (const curve of this.curves.values()) curve.refresh()
  }

  #lay(blocks, nothing) {
    const wanted = new Map()
    const sections = blocks.map(({ title, intro, metrics }) => {
      const section = make('section', undefined, { 'data-title': title })
      const figures = make('div', undefined, { class: 'curves' })
      section.append(make('h2', title))
      if (intro) section.append(make('p', intro, { class: 'intro' }))
      for (const metric of metrics) {
        const curve = this.curves.get(metric.name) ?? new Curve(metric, this.view)
        wanted.set(metric.name, curve)
        figures.append(curve.figure)
      }
      section.append(figures, make('div', undefined, { class: 'parts' }))
      return section
    })
    for (const [name, curve] of this.curves) if (!wanted.has(name)) curve.show(false)
    this.curves = wanted
    const focused = document.activeElement?.getAttribute('aria-label')
    const before = scrollY
    this.place.replaceChildren(...(sections.length > 0 ? sections : [make('p', nothing)]))
    scrollTo({ top: before })
    if (focused) this.place.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus()
    this.seen.disconnect()
    for (const { figure } of wanted.values()) this.seen.observe(figure)
  }
}
