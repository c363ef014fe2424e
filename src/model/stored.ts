/** Canonical tensors in the files of a model's family: under which name, and in which rows. */

import type { StoredTensor } from './families/family.js'
import { familyOf } from './families/index.js'
import { parameterShapes } from './layout.js'
import { dtypeBytes, type SafetensorsFile } from './safetensors.js'
import type { DecoderConfig, SourceDtype, TensorSource } from './types.js'

/** Every canonical tensor with its place in a Hugging Face directory of the model's family. */
export function storedTensors(config: DecoderConfig): Map<string, StoredTensor> {
  const locate = familyOf(config).stored?.(config)
  const stored = new Map<string, StoredTensor>()
  for (const [name, shape] of parameterShapes(config)) stored.set(name, locate?.(name, shape) ?? { name, shape })
  return stored
}

/** What the family calls the embedding and the output head, a tied one too. */
export function storedEnds(config: DecoderConfig): { embedding: string; head: string } {
  const locate = familyOf(config).stored?.({ ...config, tieWordEmbeddings: false })
  const nameOf = (name: string) => locate?.(name, [config.vocabSize, config.hiddenSize]).name ?? name
  return { embedding: nameOf('model.embed_tokens.weight'), head: nameOf('lm_head.weight') }
}

/** The shape of the canonical tensor that is kept there. */
export function canonicalShape({ shape, rows }: StoredTensor): number[] {
  const count = rows?.reduce((sum, [, length]) => sum + length, 0) ?? shape[0]
  return [count, ...shape.slice(1)]
}

/** Calls `visit` for each run of rows: its bytes of the canonical tensor, and where they start in the stored one. */
export function eachRun(
  place: StoredTensor,
  bytes: Uint8Array,
  visit: (run: Uint8Array, storedFrom: number) => void,
): void {
  const rowBytes = bytes.length / canonicalShape(place)[0]
  let done = 0
  for (const [from, count] of place.rows ?? [[0, place.shape[0]]]) {
    visit(bytes.subarray(done, done + count * rowBytes), from * rowBytes)
    done += count * rowBytes
  }
}

/**
 * Canonical tensors out of safetensors files. The caller has checked that every file holds its tensors in the shapes of
 * `places` and in a dtype that is read.
 */
export function safetensorsSource(
  places: ReadonlyMap<string, StoredTensor>,
  fileOf: (place: StoredTensor) => SafetensorsFile,
  close: () => void,
): TensorSource {
  const tensors = new Map<string, { dtype: SourceDtype; shape: readonly number[] }>()
  for (const [canonical, place] of places) {
    const { dtype } = fileOf(place).tensors.get(place.name)!
    tensors.set(canonical, { dtype: dtype as SourceDtype, shape: canonicalShape(place) })
  }
  return {
    tensors,
    readInto(canonical, into) {
      const tensor = tensors.get(canonical)
      if (tensor === undefined) throw new Error(`no tensor ${canonical}`)
      const bytes = tensor.shape.reduce((product, length) => product * length, dtypeBytes[tensor.dtype])
      if (into.length !== bytes) throw new Error(`${canonical} takes ${bytes} bytes, not ${into.length}`)
      const place = places.get(canonical)!
      const file = fileOf(place)
      eachRun(place, into, (run, from) => file.readInto(place.name, run, from))
    },
    close,
  }
}
