import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../base/errors.js'
import type { ChatMessage } from '../types.js'
import { compileChatTemplate } from './chat.js'

const fixtures = new URL('../../../test/fixtures/templates/', import.meta.url)
const fixture = (name: string): string => readFileSync(new URL(name, fixtures), 'utf8')

interface ChatCase {
  template: string
  chat: string
  options: Record<string, unknown>
  text?: string
  error?: string
}

describe('chats', () => {
  const { tokens, chats, cases } = JSON.parse(fixture('chats.json')) as {
    tokens: Record<string, string>
    chats: Record<string, ChatMessage[]>
    cases: ChatCase[]
  }
  it.each([...new Set(cases.map(({ template }) => template))])('%s renders as with jinja2', (name) => {
    const template = compileChatTemplate(fixture(name), tokens)
    for (const { chat, options, text, error } of cases.filter((each) => each.template === name)) {
      const { add_generation_prompt: prompt, ...variables } = options
      const render = () => template.render(chats[chat], { addGenerationPrompt: prompt === true, variables })
      if (text === undefined) expect(render, `${chat}: ${error}`).toThrow(UserError)
      else expect(render(), `${chat} with ${JSON.stringify(options)}`).toBe(text)
    }
  })
})

describe('expressions', () => {
  const { variables, cases } = JSON.parse(fixture('expressions.json')) as {
    variables: Record<string, unknown>
    cases: { template: string; text?: string; error?: string }[]
  }
  it('have the values of Python, or are refused', () => {
    let refused = 0
    for (const { template, text, error } of cases) {
      const render = () => compileChatTemplate(template, {}).render([], { variables })
      if (text === undefined) {
        expect(render, `${template}: ${error}`).toThrow(UserError)
        continue
      }
      try {
        expect(render(), template).toBe(text)
      } catch (reason) {
        if (!(reason instanceof UserError) || !/is not supported$/.test(reason.message)) throw reason
        refused++
      }
    }
    // Slices of ranges, and the like.
    expect(refused).toBeLessThan(10)
  })
})

const rendered = (source: string, messages: ChatMessage[] = []): string =>
  compileChatTemplate(source, {}, 'model/chat_template.jinja').render(messages)

describe('what is not supported', () => {
  it.each([
    ['{% include "x" %}', '{% include %}'],
    ['{% with a = 1 %}{% endwith %}', '{% with %}'],
    ['{% for x in [1] recursive %}{% endfor %}', 'a recursive loop'],
    ['{{ "a" | urlize }}', 'the filter `urlize`'],
    ['{{ "%s" % 1 }}', 'a text formatted with %'],
    ['{{ "a".format(1) }}', 'str.format'],
    ['{{ cycler(1) }}', 'the global `cycler`'],
    ['{{ 9007199254740992 }}', 'an integer beyond 2^53'],
    ['{{ 9007199254740991 + 1 }}', 'an integer beyond 2^53'],
    ['{{ ("a" | safe).upper() }}', 'an operation on a text marked `safe`'],
    ['{{ [1] | map("string") }}', 'a value of type iterator as text'],
  ])('%s is refused by name', (source, what) => {
    expect(() => rendered(source)).toThrow(`${what} is not supported`)
  })

  it.each(['{{ [].append(1) }}', '{{ {}.update({}) }}', "{{ ''.__class__ }}", "{{ ''['__class__'] }}"])(
    '%s is refused, as the sandbox does',
    (source) => {
      expect(() => rendered(source)).toThrow(UserError)
    },
  )
})

describe('limits', () => {
  const hostile: [string, string, string?][] = [
    ['a long loop', '{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}'],
    ['a long range', '{% for i in range(1000000000) %}x{% endfor %}'],
    ['a text times a number', "{{ 'x' * 1000000000 }}"],
    ['a list times a number', '{{ [1] * 1000000000 }}'],
    [
      'a text doubled',
      "{% set ns=namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(24) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s|replace('a','bbbbbbbb') }}",
    ],
    ['a list doubled', '{% set ns=namespace(l=[1]) %}{% for i in range(64) %}{% set ns.l = ns.l + ns.l %}{% endfor %}'],
    [
      'a list of itself',
      '{% set ns=namespace(l=[1]) %}{% for i in range(64) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}',
    ],
    [
      'equal lists of themselves',
      '{% set a=namespace(l=[1]) %}{% set b=namespace(l=[1]) %}{% for i in range(64) %}{% set a.l = [a.l, a.l] %}{% set b.l = [b.l, b.l] %}{% endfor %}{{ a.l == b.l }}',
    ],
    [
      'a slow search',
      "{% set a='a'*100000 %}{% set b=a~'b'~a %}{{ b in a*50 }}{{ (a*50).split(b) }}{{ (a*50).rfind(b) }}{{ a*50|replace(b, '') }}",
    ],
    ['padding', "{{ 'x'.center(1000000000) }}"],
    ['an indentation', "{{ ('\\n' * 100000) | indent(1000000, true, true) }}"],
    ['replacements', "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}"],
    ['joins', "{{ ('a' * 100000) | join('b' * 100000) }}"],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    [
      'deep lists',
      '{% set ns=namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l | tojson }}',
    ],
    ['deep brackets', `{{ ${'['.repeat(100_000)} }}`],
    ['deep blocks', '{% if 1 %}'.repeat(50_000) + '{% endif %}'.repeat(50_000)],
    ['a long sum', `{{ 1${' + 1'.repeat(100_000)} }}`],
    ['nots', `{{ ${'not '.repeat(100_000)} 1 }}`],
    ['a string without an end', `{{ '${'\\a'.repeat(300_000)} }}`],
    ['a comment without an end', `{# ${'#'.repeat(900_000)}`],
    ['tags without an end', '{{ x '.repeat(100_000)],
    ['a very long template', 'x'.repeat(1_000_001)],
    [
      'a split into characters',
      "{% set ns=namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = ('a b ' * 100000).split() %}{% endfor %}",
    ],
  ]
  it.each(hostile)('%s ends with an error that names the file', (_, source) => {
    expect(() => rendered(source)).toThrow(/^the chat template model\/chat_template\.jinja /)
    expect(() => rendered(source)).toThrow(UserError)
  })

  it('says what to do', () => {
    try {
      rendered(hostile[0][1])
      expect.unreachable()
    } catch (error) {
      expect((error as UserError).hint).toMatch(/replace its chat_template/)
    }
  })

  it('lets spaces of any number pass', () => {
    const spaces = ' '.repeat(400_000)
    expect(rendered(`{{ 1 ${spaces}}}${spaces}{%- if 1 %}a{% endif %}`)).toBe('1a')
  })

  it('leaves long chats alone', () => {
    const messages = Array.from({ length: 3000 }, (_, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content: 'word '.repeat(200),
    }))
    expect(rendered(fixture('turns-with-thoughts.jinja'), messages).length).toBeGreaterThan(3_000_000)
  })
})

describe('a compiled template', () => {
  it('knows which variables it reads', () => {
    const template = compileChatTemplate("{% if enable_thinking %}{{ 'tools' }}{% endif %}", {})
    expect(['enable_thinking', 'tools', 'thinking'].map((name) => template.reads(name))).toEqual([true, false, false])
  })

  it('names the line that does not parse', () => {
    expect(() => rendered('a\n{{ "b }}')).toThrow(
      'the chat template model/chat_template.jinja does not parse: line 2: a string has no end',
    )
  })

  it('drops null keys and gives reasoning under its names, as transformers does', () => {
    const message = { role: 'assistant', content: 'c', tool_calls: null, reasoning: 'r' } as ChatMessage
    expect(
      rendered('{{ messages[0].tool_calls is defined }}{{ messages[0].reasoning_content }}{{ messages[0].thinking }}', [
        message,
      ]),
    ).toBe('Falserr')
  })
})
