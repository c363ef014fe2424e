/** What the scripts of a report's page share. They run after the page's content is there. */
;(() => {
  const $ = (selector, root = document) => root.querySelector(selector)
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)]
  const dataOf = (element) => JSON.parse($(':scope > script[type="application/json"]', element).textContent)
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    if (text !== undefined) element.textContent = text
    return element
  }

  /** As format.ts has it: at most so many significant digits, no trailing zeros. */
  function format(value, digits = 4) {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–'
    if (value === 0) return '0'
    const size = Math.abs(value)
    const exponent = size >= 1e6 || size < 1e-4
    const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)))
    const text = exponent
      ? value.toExponential(digits - 1).replace(/\.?0*e\+?/, 'e')
      : value.toFixed(Math.min(places, 12))
    const short = !exponent && text.includes('.') ? text.replace(/\.?0+$/, '') : text
    return short.replace(/^-/, '−').replace('e-', 'e−')
  }

  globalThis.report = { $, $$, dataOf, make, format }
})()
