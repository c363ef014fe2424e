import type { Command } from 'commander'
import pc from 'picocolors'
import { plainDecimal } from '../base/decimals.js'
import { cut } from '../base/shown.js'
import { plainText } from '../report/terminal/text.js'
import { type GradeRule, grade, gradeRules, type Verdict } from '../task/math/grade.js'
import { newCommand } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { type LineReader, readJsonInput, requirePiped, textField } from './json-input.js'

const help = `
Reads JSON lines from standard input:
  {"response": "... \\\\boxed{42}", "answer": "42"}

With --json, prints one line per input, in order:
  {"correct", "extracted", "reason"}
  extracted  the final answer as the response writes it, or null if there is none

Rules:
  math    same meaning: 1/2 is 0.5, (x+1)^2 is x^2+2x+1
  dapo    verl's rule for DAPO: the last "Answer: ..." of the final 300 characters, normalized, compared as text
  exact   same text

Examples:
  $ echo '{"response": "so it is \\\\boxed{0.5}", "answer": "1/2"}' | isentrope grade --json
  $ isentrope grade --rule dapo --json < answers.jsonl > verdicts.jsonl
  $ isentrope grade < answers.jsonl
`

interface Graded {
  response: string
  answer: string
  /** Why the line was not read, and is wrong. */
  unread?: string
}

interface GradeFlags {
  rule: GradeRule
  json?: boolean
}

const readGraded: LineReader<Graded> = (line, fail) => {
  const response = textField(line, 'response', fail)
  // Many data sets hold whole numbers as numbers.
  const answer = typeof line.answer === 'number' ? plainDecimal(line.answer) : textField(line, 'answer', fail)
  return { response, answer }
}

/** A response may hold anything, escape sequences of the terminal too. */
const shortened = (text: string): string => cut(plainText(text.slice(0, 1000)).replace(/\s+/g, ' '))

const wrong = (index: number, { extracted, reason }: Verdict, answer: string): string =>
  `${index}: ${pc.red('wrong')}, ${extracted === null ? reason : `${shortened(extracted)} is not ${shortened(answer)} (${reason})`}\n`

export function gradeCommand(io: Io = processIo): Command {
  const command = newCommand('grade', help)
  return command
    .addOption(command.createOption('--rule <rule>', 'how answers are compared').choices(gradeRules).default('math'))
    .option('--json', 'print JSON lines')
    .action(async (flags: GradeFlags) => {
      requirePiped(io.stdin, `echo '{"response": "\\\\boxed{42}", "answer": "42"}' | isentrope grade --json`)
      let count = 0
      let right = 0
      const tooLong = (unread: string): Graded => ({ response: '', answer: '', unread })
      for await (const { response, answer, unread } of readJsonInput(io.stdin, readGraded, { tooLong })) {
        const verdict: Verdict =
          unread === undefined
            ? grade(response, answer, { rule: flags.rule })
            : { correct: false, extracted: null, reason: unread }
        count++
        if (verdict.correct) right++
        if (flags.json) await print(io.stdout, jsonLine(verdict))
        else if (!verdict.correct) await print(io.stdout, wrong(count, verdict, answer))
      }
      if (!flags.json) {
        await print(io.stdout, `${right} of ${count} correct (${((100 * right) / count).toFixed(1)} %)\n`)
      }
    })
}
