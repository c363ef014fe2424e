/// <reference types="node" preserve="true" />
/** Tensors on LibTorch: construction, operators, autograd, scopes and devices. */
export { clearGradient, gradEnabled, gradientOf, noGrad, requireGrad, withGrad } from './autograd.js'
export { cpu, type Device, deviceName, parseDevice } from './device.js'
export { type Dtype, dtypes, isHalf } from './dtype.js'
export { engineStarted, native, prepareEnvironment, startEngine } from './engine.js'
export { TorchError } from './errors.js'
export { flashAttention, type SequenceStarts } from './flash.js'
export { releaseFreedMemory } from './memory.js'
export * from './ops.js'
export { canPack, packedLinear, packWeight } from './packed.js'
export { transfersText } from './pinned.js'
export { requireDevice } from './probe.js'
export { keep, scope } from './scope.js'
export {
  empty,
  fromData,
  fromIndices,
  full,
  hostLooks,
  leakedTensors,
  liveTensors,
  Tensor,
  type TensorOptions,
  toDevice,
  zeros,
} from './tensor.js'
