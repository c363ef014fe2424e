import fc from 'fast-check'
import { parseFragment, serialize } from 'parse5'
import { describe, expect, it } from 'vitest'
import { escapeText, html, jsonScript, raw, toMarkup, visible } from './markup.js'

/** The text that a browser shows for markup. */
function textOf(markup: string): string {
  const fragment = parseFragment(markup)
  const text = (node: { nodeName: string; value?: string; childNodes?: unknown[] }): string =>
    node.nodeName === '#text'
      ? node.value!
      : (node.childNodes ?? []).map((child) => text(child as typeof node)).join('')
  return text(fragment as never)
}

describe('html', () => {
  it('escapes what is interpolated and passes on what it made', () => {
    expect(toMarkup(html`<p title="${'"x"'}">${'<b>&'} ${html`<i>${1}</i>`}</p>`)).toBe(
      '<p title="&quot;x&quot;">&lt;b&gt;&amp; <i>1</i></p>',
    )
  })

  it('joins lists and drops undefined and false', () => {
    expect(toMarkup(html`${[html`<a>`, 'b<']}${undefined}${false}${0}`)).toBe('<a>b&lt;0')
    expect(toMarkup(raw('<hr>'))).toBe('<hr>')
  })

  it('shows any text as that text, in content and in attributes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const markup = toMarkup(html`<p title="${text}">${text}</p>`)
        expect(textOf(markup)).toBe(visible(text))
        const [element] = parseFragment(markup).childNodes as { attrs: { value: string }[] }[]
        expect(element.attrs.map(({ value }) => value)).toEqual([visible(text)])
      }),
    )
  })
})

describe('visible', () => {
  it('shows what cannot be seen', () => {
    expect(visible('a\0b\x1b\x7f\x85')).toBe('a‹U+0000›b‹U+001B›‹U+007F›‹U+0085›')
    expect(visible('\u202egnp.exe\u2066')).toBe('‹U+202E›gnp.exe‹U+2066›')
    expect(visible('half \ud800 and \udc00')).toBe('half \ufffd and \ufffd')
    expect(visible('\ufeff\uffff')).toBe('‹U+FEFF›‹U+FFFF›')
  })

  it('leaves text of any script alone', () => {
    for (const text of ['שלום', 'مرحبا', '👨\u200d👩\u200d👧', 'a\tb\nc', 'naïve']) expect(visible(text)).toBe(text)
    expect(visible('a\r\nb\rc')).toBe('a\nb\nc')
  })
})

describe('jsonScript', () => {
  it('carries any data through a parser', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('</script>', '<!--<script>', ']]>', '\u2028'), (data, nasty) => {
        const value = { data, nasty, [nasty]: nasty }
        const markup = toMarkup(jsonScript(value))
        const [script, ...others] = parseFragment(markup).childNodes
        expect(others).toEqual([])
        expect(JSON.parse(serialize(script as never))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe('escapeText', () => {
  it('knows the five characters', () => {
    expect(escapeText(`<a href='x' title="y">&</a>`)).toBe(
      '&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;&lt;/a&gt;',
    )
  })
})
