/** A decoder with weights of its own that begin as another's. */
import { copyInto, noGrad } from '../torch/index.js'
import { Decoder } from './decoder.js'
import { buildParameters, type LayerParameters, type Parameter } from './parameters.js'

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

/** A decoder on the very same weights, without adapters: the base of an adapted model. Not to be disposed of. */
export function shareWeights({ config, parameters, device }: Decoder): Decoder {
  const shared = new Map<Parameter, Parameter>()
  const share = (parameter: Parameter): Parameter => {
    const { adapter, ...rest } = parameter
    const known = shared.get(parameter) ?? rest
    shared.set(parameter, known)
    return known
  }
  const layers = parameters.layers.map(
    (layer) =>
      Object.fromEntries(
        Object.entries(layer).map(([key, parameter]) => [key, share(parameter)]),
      ) as unknown as LayerParameters,
  )
  const { embedding, finalNorm, head } = parameters
  return new Decoder(
    config,
    { embedding: share(embedding), layers, finalNorm: share(finalNorm), head: share(head) },
    device,
  )
}
