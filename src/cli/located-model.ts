import { type CheckpointChoice, locateModel } from '../run/evaluate/model.js'
import { type Io, print } from './io.js'

/** What `--model` names, as the engine takes it; which checkpoint of a run that is goes to stderr. */
export async function locatedModel(
  { model, adapter, checkpoint }: { model: string; adapter?: string; checkpoint?: CheckpointChoice },
  io: Io,
): Promise<string> {
  const found = await locateModel(model, checkpoint, adapter)
  if (found.checkpoint) {
    await print(io.stderr, `model: step ${found.checkpoint.step} of ${model}, ${found.checkpoint.chosen}\n`)
  }
  return found.reference
}
