/** A tensor of LibTorch's: a handle, its owner, and its shape read when first asked for. */
import { cpu, type Device, deviceName, deviceOfCode, deviceTypeCode, sameDevice } from './device.js'
import { type AnyData, type DataOf, type Dtype, dtypeOfCode, dtypes } from './dtype.js'
import { native } from './engine.js'
import { torchFailure } from './errors.js'
import type { Handle } from './native.js'
import { pins } from './pinned.js'
import { currentScope, type Scope } from './scope.js'

let live = 0
let leaked = 0
const finalizer = new FinalizationRegistry<() => void>((report) => report())

/** Tensors made and not yet freed on this thread; the same before and after a step, or something leaks. */
export const liveTensors = (): number => live

/** Tensors that were collected by the garbage collector without having been freed. */
export const leakedTensors = (): number => leaked

let looks = 0

/** Times that the host has looked at a tensor's elements; on an accelerator it waits each time for all kernels before. */
export const hostLooks = (): number => looks

export class Tensor {
  /** 0 once disposed of. */
  handle: Handle
  owner: Scope | undefined
  #shape: readonly number[] | undefined
  #dtype: Dtype | undefined
  #device: Device | undefined

  /** Takes ownership of a handle. */
  constructor(handle: Handle) {
    this.handle = handle
    this.owner = currentScope()
    if (this.owner) this.owner.tensors.push(this)
    else finalizer.register(this, reportLeak, this)
    live++
  }

  get shape(): readonly number[] {
    this.#shape ??= native().shape(this.#alive())
    return this.#shape
  }

  get dtype(): Dtype {
    this.#dtype ??= dtypeOfCode(native().dtype(this.#alive()))
    return this.#dtype
  }

  get device(): Device {
    this.#device ??= deviceOfCode(native().deviceType(this.#alive()), native().deviceIndex(this.handle))
    return this.#device
  }

  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1)
  }

  get bytes(): number {
    return this.size * dtypes[this.dtype].bytes
  }

  get disposed(): boolean {
    return this.handle === 0
  }

  dispose(): void {
    if (this.handle === 0) return
    native().deleteHandle(this.handle)
    this.handle = 0
    live--
    if (!this.owner) finalizer.unregister(this)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /**
   * The elements in place, without a copy: CPU and contiguous tensors only. The view must not be used after the
   * tensor's memory is freed.
   */
  data(): AnyData {
    looks++
    if (this.device.type !== 'cpu') throw new Error(`${this}: only CPU tensors can be viewed; use toArray()`)
    if (!native().isContiguous(this.handle)) throw new Error(`${this}: only contiguous tensors can be viewed`)
    const { array, bytes } = dtypes[this.dtype]
    const count = this.size
    if (count === 0) return new array(0)
    return new array(native().view(native().dataPointer(this.handle), count * bytes))
  }

  /** A copy of a float32 tensor's elements. */
  toFloat32Array(): Float32Array {
    return this.#copied('float32') as Float32Array
  }

  /** The elements of any tensor as plain numbers. */
  toArray(): number[] {
    const { dtype } = this
    if (dtype === 'bfloat16') return Array.from(this.#copied('bfloat16') as Uint16Array, fromBfloat16)
    return Array.from(this.#copied(dtype) as ArrayLike<number | bigint>, Number)
  }

  /** The one element of a tensor of size 1. */
  item(): number {
    if (this.size !== 1) throw new Error(`${this}: item() needs exactly one element`)
    return this.toArray()[0]
  }

  toString(): string {
    return this.handle === 0
      ? 'Tensor(disposed)'
      : `${this.dtype}[${this.shape.join(',')}]${this.device.type === 'cpu' ? '' : ` on ${deviceName(this.device)}`}`
  }

  #alive(): Handle {
    if (this.handle === 0) throw new Error('the tensor has been disposed of')
    return this.handle
  }

  #copied(dtype: Dtype): AnyData {
    if (this.dtype !== dtype) throw new Error(`${this}: expected ${dtype}`)
    looks++
    if (this.device.type === 'cpu' && native().isContiguous(this.handle)) return copyOut(this)
    const host = emptyOnHost(this.shape, dtype, this.device)
    try {
      native().copyInto(host.handle, this.handle, false)
      return copyOut(host)
    } finally {
      host.dispose()
    }
  }
}

/** Larger copies go through a view: the foreign function library counts in 32 bits. */
const LARGE = 2 ** 30

/** The elements of a contiguous CPU tensor; a small copy leaves nothing behind, as a view would. */
function copyOut(tensor: Tensor): AnyData {
  const { bytes } = tensor
  const { array, c } = dtypes[tensor.dtype]
  if (bytes === 0) return new array(0)
  if (bytes >= LARGE) return tensor.data().slice() as AnyData
  return native().read(native().dataPointer(tensor.handle), c, bytes / array.BYTES_PER_ELEMENT) as AnyData
}

const reportLeak = () => {
  leaked++
  live--
}

function fromBfloat16(bits: number): number {
  scratchU32[0] = bits << 16
  return scratchF32[0]
}
const scratchU32 = new Uint32Array(1)
const scratchF32 = new Float32Array(scratchU32.buffer)

export interface TensorOptions<D extends Dtype = Dtype> {
  dtype?: D
  device?: Device
}

function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= Math.max(shape[i], 1)
  }
  return strides
}

/** Uninitialised, contiguous. */
export function empty(shape: readonly number[], options: TensorOptions = {}): Tensor {
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) throw new Error(`a tensor cannot have shape [${shape.join(',')}]`)
  }
  const device = options.device ?? cpu
  const dtype = options.dtype ?? 'float32'
  const index = device.type === 'cpu' ? 0 : device.index
  const engine = native()
  try {
    const handle = engine.emptyStrided(shape, rowMajor(shape), dtypes[dtype].code, deviceTypeCode(device), index)
    return new Tensor(handle)
  } catch (error) {
    const operands = [`${dtype}[${shape.join(',')}]`, deviceName(device)]
    throw torchFailure('aten::empty_strided', operands, (error as Error).message)
  }
}

/** Host memory for what comes from `device` or goes there. */
function emptyOnHost(shape: readonly number[], dtype: Dtype, device: Device): Tensor {
  const { code, bytes } = dtypes[dtype]
  const pinned = pins(device, bytes * shape.reduce((product, length) => product * length, 1))
  return pinned ? new Tensor(native().emptyPinned!(shape, rowMajor(shape), code)) : empty(shape, { dtype })
}

export function full(shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
  const tensor = empty(shape, options)
  native().fill(tensor.handle, value)
  return tensor
}

export const zeros = (shape: readonly number[], options: TensorOptions = {}): Tensor => full(shape, 0, options)

/** A tensor with a copy of `data`, whose length must be the shape's. */
export function fromData<D extends Dtype = 'float32'>(
  data: DataOf<D>,
  shape: readonly number[],
  options: TensorOptions<D> = {},
): Tensor {
  const dtype = options.dtype ?? 'float32'
  const device = options.device ?? cpu
  const host = emptyOnHost(shape, dtype, device)
  const { array, c } = dtypes[dtype]
  const length = host.bytes / array.BYTES_PER_ELEMENT
  if (length !== data.length) {
    host.dispose()
    throw new Error(`shape [${shape.join(',')}] has ${length} elements, the data ${data.length}`)
  }
  if (host.bytes >= LARGE) (host.data() as Float32Array).set(data as Float32Array)
  else if (length > 0) native().write(native().dataPointer(host.handle), c, data)
  if (device.type === 'cpu') return host
  try {
    return sent(host, device, pins(device, host.bytes))
  } finally {
    host.dispose()
  }
}

/** int64 from plain integers: indices and token ids. */
export function fromIndices(values: ArrayLike<number>, shape?: readonly number[], device: Device = cpu): Tensor {
  const data = new BigInt64Array(values.length)
  for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i])
  return fromData(data, shape ?? [values.length], { dtype: 'int64', device })
}

/** The tensor itself where it already lies on the device, else a copy there. */
export const toDevice = (tensor: Tensor, device: Device): Tensor =>
  sameDevice(tensor.device, device) ? tensor : sent(tensor, device, false)

/** A copy on the device; with `ahead` the host goes on before it is made. */
function sent(tensor: Tensor, device: Device, ahead: boolean): Tensor {
  const there = empty(tensor.shape, { dtype: tensor.dtype, device })
  native().copyInto(there.handle, tensor.handle, ahead)
  return there
}
