/** The families as docs/ and the README show them. */
import { families } from './index.js'

/** The table of docs/models.md. */
export const familyTable = (): string =>
  [
    '| Family | Models | `model_type` | Class | GGUF architecture | Notes |',
    '|---|---|---|---|---|---|',
    ...families.map(({ name, architecture, title, models, notes, gguf }) =>
      [
        `| ${title}`,
        models,
        `\`${name}\``,
        `\`${architecture}\``,
        gguf ? `\`${gguf.architecture}\`` : '',
        `${notes} |`,
      ].join(' | '),
    ),
  ].join('\n')

/** The list in the README. */
export const familyList = (): string => families.map(({ title, models }) => `- ${title}: ${models}`).join('\n')
