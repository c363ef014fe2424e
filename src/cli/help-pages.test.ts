/** The help of every command, at every width. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { beforeAll, describe, expect, it } from 'vitest'
import { fakeIo } from '../../test/fake-io.js'
import { wrapHelp } from './help-text.js'
import { wholeProgram } from './program.js'

/** The texts below the options as the sources have them, by file. */
const sources = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .flatMap((file) => {
    const source = readFileSync(new URL(file, import.meta.url), 'utf8')
    return [...source.matchAll(/^const (?:help|\w+Help) = `\n([\s\S]*?)\n`$/gm)].map(([, text]) => ({
      file,
      text: text!.replaceAll(/\\([`\\])/g, '$1'),
    }))
  })

const isProse = (line: string) => /^\S/.test(line) && !/\S {2,}\S/.test(line)
/** What is copied stays whole: commands, and JSON in a line of its own. */
const isWhole = (line: string) => /^ *[${]/.test(line) || /^ {2}\S+ {2,}(?:echo|isentrope) /.test(line)
const widths = Array.from({ length: 81 }, (_, i) => 40 + i)

describe('the texts of help', () => {
  it('are found', () => expect(sources.length).toBeGreaterThan(20))

  it.each(sources)('$file fills the lines of a paragraph and ends it with an empty line', ({ text }) => {
    const lines = text.split('\n')
    for (const [i, line] of lines.slice(0, -1).entries()) {
      const next = lines[i + 1]!
      if (line.length <= 78 || !isProse(line) || !isProse(next)) continue
      // wrapHelp joins these two lines: the first one has to be as full as it gets.
      expect(line.length + 1 + next.split(' ')[0]!.length, `join or part: ${line}\n${next}`).toBeGreaterThan(114)
    }
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(130)
  })

  it.each(sources)('$file begins a line where the source begins an item, at every width', ({ text }) => {
    const lines = text.split('\n')
    const begins = lines.filter((line, i) => {
      const before = lines[i - 1] ?? ''
      return line !== '' && !(before.length > 78 && isProse(before) && isProse(line))
    })
    const starts = begins.map((line) => /^ *\S+/.exec(line)![0])
    for (const width of widths) {
      const wrapped = wrapHelp(text, width).split('\n')
      const glued = starts.filter((start) => !wrapped.some((one) => one.startsWith(start)))
      expect(glued, `${width} columns`).toEqual([])
      const wide = wrapped.filter((line) => line.length > width && !isWhole(line) && line.trim().includes(' '))
      // One word alone may be longer than the room that its column has.
      expect(
        wide.filter((line) => line.trim().split(/ {2,}/).at(-1)!.includes(' ')),
        `${width} columns`,
      ).toEqual([])
    }
  })
})

describe('the help of every command', () => {
  let commands: Command[]
  beforeAll(async () => {
    const whole = (command: Command): Command[] => [command, ...command.commands.flatMap(whole)]
    commands = whole(await wholeProgram(fakeIo()))
  })

  const helpOf = (command: Command, width: number): string => {
    let text = ''
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => width })
    command.outputHelp()
    return text
  }

  it.each([80, 100, 120])('fits into %i columns, but for what is copied', (width) => {
    for (const command of commands) {
      for (const line of helpOf(command, width).split('\n')) {
        if (isWhole(line) || line.length <= width) continue
        // One word alone may be longer than the room that its column has.
        const room = line.trimStart().split(/ {2,}/).at(-1)!
        expect(room.split(' ').length, `${command.name()}: ${line}`).toBe(1)
      }
    }
  })

  it('has only short lines, where commands may take 120 columns', () => {
    for (const command of commands) {
      for (const line of helpOf(command, 80).split('\n')) expect(line.length, line).toBeLessThanOrEqual(120)
    }
  })

  it('says what every option and argument does, in one style', () => {
    for (const command of commands) {
      for (const { flags, description } of command.options) {
        expect(description, `${command.name()} ${flags}`).toMatch(/^(?!.*[.]$)(?!.*;.*;)[a-zA-Z-]/)
        expect(description.length, `${command.name()} ${flags}: ${description}`).toBeLessThanOrEqual(84)
      }
      for (const argument of command.registeredArguments) expect(argument.description).not.toBe('')
      if (command.parent) expect(command.summary(), command.name()).toMatch(/^[a-z].*[^.]$/)
    }
  })
})
