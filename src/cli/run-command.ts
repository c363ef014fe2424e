/** What the commands that keep a run share: train and sft. */
import { UserError } from '../base/errors.js'
import { writeRunReport } from '../report/pages/run/run.js'
import { absentDevice } from '../run/plan/absent-device.js'
import { DamagedCheckpoint, listCheckpoints } from '../run/store/checkpoint.js'
import type { RunBegin } from '../run/store/keep-run.js'
import { latestRunDirectory, requireRun, runPaths } from '../run/store/run-directory.js'
import { type Io, print } from './io.js'
import { tokenDecoder } from './token-decoder.js'

/** A bound that is open has no JSON number; as text a recipe takes it back. */
export const infinityAsYaml = (_: string, value: unknown) => (value === Infinity ? '.inf' : value)

/** A path as a shell takes it back. */
export const quoted = (text: string) => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/**
 * Where the recipe is: as given, or the run's own where it is resumed without one.
 * @throws UserError without either, or where there is no run.
 */
export function recipePath(
  command: 'train' | 'sft',
  given: string | undefined,
  { run, resume }: { run?: string; resume?: boolean },
): string {
  if (given !== undefined) return given
  if (!resume || run === undefined) {
    throw new UserError('no recipe', {
      hint: `isentrope ${command} RECIPE.yaml starts a run; isentrope ${command} --run DIR --resume continues one`,
    })
  }
  requireRun(run)
  return runPaths(run).config
}

/** The run's own recipe goes on: the one that was given has none of the keys that --set changed. */
export async function sayHowToContinue(
  command: 'train' | 'sft',
  { run, step }: { run: string; step: number },
  io: Io,
): Promise<void> {
  await print(
    io.stderr,
    `interrupted after step ${step}; to continue:\n  isentrope ${command} --run ${quoted(run)} --resume\n`,
  )
}

/** Before the error that ended a run: how far the run is saved, and how it goes on. A damaged checkpoint's error says so itself. */
export async function sayWhereRunStands(run: string, error: unknown, io: Io): Promise<void> {
  if (error instanceof DamagedCheckpoint) return
  const last = listCheckpoints(runPaths(run)).at(-1)
  const stands =
    last === undefined
      ? `the run in ${run} has no checkpoint yet; --run ${quoted(run)} --resume starts it again`
      : `the run up to step ${last.step} is in ${run}; --run ${quoted(run)} --resume continues it`
  await print(io.stderr, `${stands}\n`)
}

/** Where the run is going to lie, as far as that is known before it starts. */
export function plannedPlace(
  { name = 'run' }: { name?: string },
  { run, resume }: { run?: string; resume?: boolean },
  root = 'runs',
): string {
  if (run !== undefined) return run
  return (resume ? latestRunDirectory(name, root) : undefined) ?? `${root}/${name}-TIMESTAMP`
}

/** A plan for a device that is not here says so. */
export async function warnOfAbsentDevice(plan: { device: string; warnings: string[] }): Promise<void> {
  const absent = await absentDevice(plan.device)
  if (absent !== undefined) plan.warnings.push(`${absent}; the plan is for another machine`)
}

/** Where the run goes, unless the plan has said it, and on an accelerator how it is used, before the first step. */
export function startText({ runDirectory, step, engine }: RunBegin, planned?: string): string {
  const place =
    step > 0 ? [`continuing ${runDirectory} after step ${step}`] : runDirectory === planned ? [] : [runDirectory]
  const { device, attention, transfers } = engine ?? { device: 'cpu' }
  const used = device === 'cpu' ? [] : Object.entries({ attention, transfers }).filter(([, text]) => text !== undefined)
  return `${[...place, ...used.map((entry) => entry.join(': '))].map((line) => `${line}\n`).join('')}\n`
}

/**
 * Writes a run's page; without the tokenizer of its model, which may be gone, the samples show token ids. `offline`: nothing is
 * fetched for it.
 */
export async function reportOf(
  run: string,
  model: string | undefined,
  { out, offline }: { out?: string; offline?: boolean } = {},
): Promise<string> {
  const decodeToken = model === undefined ? undefined : await tokenDecoder(model, { offline }).catch(() => undefined)
  return writeRunReport(run, { decodeToken, out })
}

/** A run is not lost for a page that cannot be made: the failure is said, the run stands. */
export async function writeReport(
  { run, model, step }: { run: string; model: string; step: number },
  io: Io,
): Promise<string | undefined> {
  if (step === 0) return undefined
  try {
    return await reportOf(run, model)
  } catch (error) {
    await print(io.stderr, `warning: no report: ${error instanceof Error ? error.message : error}\n`)
    return undefined
  }
}
