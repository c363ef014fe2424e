/**
 * HTML that cannot be broken by what it shows. `html` is a template tag: everything interpolated is text and gets
 * escaped, except what `html` itself made. Completions can hold anything: control characters, half surrogate pairs and
 * direction overrides are made visible instead of passed on.
 */

const brand: unique symbol = Symbol('html')

export interface Html {
  readonly [brand]: string
}

type Value = Html | string | number | undefined | false | readonly Value[]

/** Undefined and false are nothing, so that `condition && html`...`` works; lists are joined. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  return raw(strings.reduce((text, part, i) => text + render(values[i - 1]) + part))
}

/** Markup from a trusted source (our own style sheet, a library's script). */
export function raw(markup: string): Html {
  return { [brand]: markup }
}

export function toMarkup(value: Html): string {
  return value[brand]
}

function render(value: Value): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeText(value)
  if (typeof value === 'number') return String(value)
  if (brand in value) return value[brand]
  return value.map(render).join('')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for an element or a quoted attribute. */
export function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (char) => entities[char])
}

/**
 * Text with what nobody can see made visible: control characters and the controls of bidirectional text by their code
 * point, half surrogate pairs as the replacement character. Tabs and line feeds stay.
 */
export function visible(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu, (char) =>
      char === '\n' || char === '\t' ? char : codePoint(char),
    )
    .replace(/\p{Cs}/gu, '\ufffd')
}

function codePoint(char: string): string {
  return `‹U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`
}

/** Data for the page's script, in an element that no text within can close. */
export function jsonScript(data: unknown): Html {
  const text = JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return raw(`<script type="application/json">${text}</script>`)
}
