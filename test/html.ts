/** For tests of pages: a parsed document with the few look-ups that they need. */
import { type DefaultTreeAdapterTypes, parse } from 'parse5'

export interface PageElement {
  name: string
  attributes: Record<string, string>
  /** All text within, scripts and styles included. */
  text: string
  children: PageElement[]
}

/** Every element of a page, in document order, and the errors of its syntax. */
export function parsePage(html: string): { elements: PageElement[]; errors: string[] } {
  const errors: string[] = []
  const document = parse(html, { onParseError: (error) => errors.push(`${error.code}, line ${error.startLine}`) })
  const elements: PageElement[] = []
  const visit = (node: DefaultTreeAdapterTypes.Node): { text: string; children: PageElement[] } => {
    if (node.nodeName === '#text') return { text: (node as DefaultTreeAdapterTypes.TextNode).value, children: [] }
    if (!('childNodes' in node)) return { text: '', children: [] }
    const element: PageElement | undefined =
      'tagName' in node
        ? {
            name: node.tagName,
            attributes: Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])),
            text: '',
            children: [],
          }
        : undefined
    if (element) elements.push(element)
    const parts = node.childNodes.map(visit)
    const text = parts.map((part) => part.text).join('')
    const children = parts.flatMap((part) => part.children)
    if (element === undefined) return { text, children }
    Object.assign(element, { text, children })
    return { text, children: [element] }
  }
  visit(document)
  return { elements, errors }
}

export function hasClass(element: PageElement, name: string): boolean {
  return (element.attributes.class ?? '').split(/\s+/).includes(name)
}
