/** Every table of cases, as whole responses. */
import { lists } from './boxed/lists.js'
import { matrices } from './boxed/matrices.js'
import { numbers } from './boxed/numbers.js'
import { relations } from './boxed/relations.js'
import { typing } from './boxed/typing.js'
import { units } from './boxed/units.js'
import type { Cases } from './case.js'
import { endings } from './responses/endings.js'
import { markers } from './responses/markers.js'
import { sentences } from './responses/sentences.js'
import { boxed as unseenBoxed } from './unseen/boxed.js'
import { habits } from './unseen/habits.js'
import { sentences as unseenSentences } from './unseen/sentences.js'

/** Only the content of the box is listed. */
export const boxed: Cases = { ...relations, ...matrices, ...units, ...numbers, ...typing, ...lists }
export const responses: Cases = { ...endings, ...sentences, ...markers }
/** Labeled before the grader was tried on them. */
export const unseen: Cases = { ...unseenBoxed, ...unseenSentences, ...habits }

export const inBox = (form: string): string => `So the answer is $\\boxed{${form}}$.`
