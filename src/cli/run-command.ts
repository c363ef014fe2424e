/** What the commands that keep a run share: train and sft. */
import { type Io, print } from './io.js'

/** A bound that is open has no JSON number; as text a recipe takes it back. */
export const infinityAsYaml = (_: string, value: unknown) => (value === Infinity ? '.inf' : value)

/** A path as a shell takes it back. */
export const quoted = (text: string) => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** A run is not lost for a page that cannot be made: the failure is said, the run stands. */
export async function writeReport(
  { run, model, step }: { run: string; model: string; step: number },
  io: Io,
): Promise<string | undefined> {
  if (step === 0) return undefined
  try {
    const [{ writeRunReport }, { tokenDecoder }] = await Promise.all([
      import('../report/run-report.js'),
      import('./token-decoder.js'),
    ])
    // Without its tokenizer (a model that is gone by now) the samples show token ids.
    const decodeToken = await tokenDecoder(model).catch(() => undefined)
    return await writeRunReport(run, { decodeToken })
  } catch (error) {
    await print(io.stderr, `warning: no report: ${error instanceof Error ? error.message : error}\n`)
    return undefined
  }
}
