/** A decoder with weights of its own that begin as another's. */
import { copyInto, noGrad } from '../torch/index.js'
import { Decoder } from './decoder.js'
import { buildParameters } from './parameters.js'

/** Without `head` an untied output head is not copied: the copy's is its embedding, which takes no memory. */
export function copyDecoder(model: Decoder, { head }: { head: boolean }): Decoder {
  const { device, dtype } = model
  const config = head ? model.config : { ...model.config, tieWordEmbeddings: true }
  const originals = model.list()
  let next = 0
  const copy = buildParameters(config, device, dtype, ({ value }) =>
    noGrad(() => copyInto(value, originals[next++].value)),
  )
  return new Decoder(config, copy, device)
}
