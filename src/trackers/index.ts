/** All trackers: the recipe's `log`, its documentation, and the runs fold over this list. */
import { z } from 'zod'
import { schemaEntries } from '../base/schema/entries.js'
import { tensorboard } from './tensorboard.js'
import type { OpenTracker, Tracker, TrackerContext } from './tracker.js'

export const trackers = [tensorboard] as const

type Known = (typeof trackers)[number]
export type TrackerName = Known['name']
type SectionOf<T> =
  T extends Tracker<infer Name, infer Options>
    ? z.ZodObject<{ name: z.ZodLiteral<Name> } & Options, z.core.$strict>
    : never
type Entry<T> = T extends Tracker ? TrackerName | z.output<SectionOf<T>> : never
type EntryInput<T> = T extends Tracker ? TrackerName | z.input<SectionOf<T>> : never
/** One entry of `log`: a name, or a name with options. */
export type LogEntry = Entry<Known>
type LogInput = EntryInput<Known> | EntryInput<Known>[]

const list: readonly Tracker[] = trackers
const names = list.map(({ name }) => name) as [TrackerName, ...TrackerName[]]

/** Trackers of other tools that have no client here, and the way around. */
const detours: Record<string, string> = {
  wandb:
    'wandb has no maintained client for Node; use tensorboard, then `wandb sync --sync-tensorboard RUN/tensorboard`',
}

const named = z.enum(names, {
  error: ({ input }) => (typeof input === 'string' && Object.hasOwn(detours, input) ? detours[input] : undefined),
})
const sections = list.map(({ name, summary, options }) =>
  z.strictObject(
    { name: z.literal(name).describe(`${summary}.`), ...options },
    { error: ({ code }) => (code === 'unrecognized_keys' ? optionNames(name, options) : undefined) },
  ),
)
const [firstSection, ...otherSections] = sections
const withOptions = z.discriminatedUnion('name', [firstSection!, ...otherSections])

const optionNames = (name: string, options: z.ZodRawShape): string =>
  Object.keys(options).length === 0
    ? `${name} has no options`
    : `the options of ${name} are ${Object.keys(options).join(', ')}`

/** `file (text): where to write`, of each option. */
function optionTexts({ options }: Tracker): string {
  const entries = schemaEntries(z.strictObject(options))
  const texts = entries.map(({ path, type, default: value, description }) => {
    const taken = value === undefined ? type : `${type}, default ${value}`
    return `${path} (${taken}): ${description}`
  })
  return texts.length === 0 ? '' : ` Its options: ${texts.join(' ')}`
}

/** The recipe's `log`: a tracker or a list of them, each a name or {name, ...options}. */
export const logSection = z
  .union([named, withOptions, z.array(z.union([named, withOptions]))])
  .transform((given) => (Array.isArray(given) ? given : [given]) as LogEntry[])
  .prefault([])
  .describe(
    "Other places for the run's numbers, in addition to metrics.jsonl: one tracker or a list, each a name or " +
      '{name, ...options}. ' +
      list.map((tracker) => `${tracker.name}: ${tracker.summary}.${optionTexts(tracker)}`).join(' '),
  ) as unknown as z.ZodPrefault<z.ZodType<LogEntry[], LogInput>>

/** Opens the trackers of a recipe as one. What goes wrong as it closes is a warning: the run is over by then. */
export async function openTrackers(
  log: readonly LogEntry[],
  context: TrackerContext,
): Promise<OpenTracker & { close(): Promise<void> }> {
  const open: { name: string; tracker: OpenTracker }[] = []
  const close = async () => {
    for (const { name, tracker } of open) {
      await tracker.close?.().catch((error: unknown) => {
        context.warn(`log: ${name}: ${error instanceof Error ? error.message : String(error)}`)
      })
    }
  }
  try {
    for (const entry of log) {
      const { name, ...options } = typeof entry === 'string' ? { name: entry } : entry
      const tracker = list.find((one) => one.name === name)
      if (tracker === undefined) throw new Error(`there is no tracker ${name}`)
      open.push({ name, tracker: await tracker.open(z.strictObject(tracker.options).parse(options), context) })
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    step(metrics) {
      for (const { tracker } of open) tracker.step(metrics)
    },
    evaluation(metrics) {
      for (const { tracker } of open) tracker.evaluation(metrics)
    },
    close,
  }
}
