/**
 * LibTorch's stable C ABI as plain functions, the lowest layer of the engine and the only file that names a symbol.
 *
 * Mental model: every call is synchronous on the calling thread. A tensor handle is the address of a heap-allocated
 * `at::Tensor`; addresses stay below 2^53, so a JavaScript number holds one exactly, and no BigInt is made on a hot path.
 * Arguments and results of an operator travel through one block of 64-bit slots in native memory, written and read
 * through typed-array views of it.
 */
import { basename } from 'node:path'
import koffi, { type LibraryHandle } from 'koffi'
import { UserError } from '../base/errors.js'
import type { TorchInstall } from './install/index.js'

/** Address of an `at::Tensor` owned by whoever holds it. */
export type Handle = number

export type CType = 'uint8_t' | 'uint16_t' | 'int32_t' | 'int64_t' | 'float' | 'double'
export type CData = Uint8Array | Uint16Array | Int32Array | BigInt64Array | Float32Array | Float64Array

const slotCount = 64

export interface Native {
  readonly version: string
  readonly cuda: boolean
  /** Why the CUDA library that is there did not load. */
  readonly cudaProblem?: string
  /** A CUDA build, and no NVIDIA driver. */
  readonly lacksDriver: boolean
  /** Views of the slot block that arguments and results travel through. */
  readonly slotsU32: Uint32Array
  readonly slotsF64: Float64Array
  readonly slotsI64: BigInt64Array
  /** Calls the operator; arguments are in the slots. Non-zero: failed, see {@link lastError}. */
  dispatch(name: number, overload: number): number
  /** Native, NUL-terminated copy of a text, kept for the process's life. */
  cstring(text: string): number
  lastError(): string
  copyHandle(handle: Handle): Handle
  deleteHandle(handle: Handle): void
  newUndefined(): Handle
  isDefined(handle: Handle): boolean
  assign(source: Handle, destination: Handle): void
  emptyStrided(
    shape: readonly number[],
    strides: readonly number[],
    dtype: number,
    deviceType: number,
    deviceIndex: number,
  ): Handle
  /** On the host, in page-locked memory. Absent where LibTorch has no function for it. */
  emptyPinned?: (shape: readonly number[], strides: readonly number[], dtype: number) => Handle
  dataPointer(handle: Handle): number
  shape(handle: Handle): number[]
  strides(handle: Handle): number[]
  dtype(handle: Handle): number
  deviceType(handle: Handle): number
  deviceIndex(handle: Handle): number
  isContiguous(handle: Handle): boolean
  /** `self - alpha * other`, recorded by autograd. */
  subtract(self: Handle, other: Handle, alpha: number): Handle
  copyInto(destination: Handle, source: Handle, nonBlocking: boolean): void
  fill(handle: Handle, value: number): void
  /** out = beta * self + alpha * (a @ b), by the device's own kernel, not recorded. */
  addmmOut(device: string, out: Handle, self: Handle, a: Handle, b: Handle, beta: number, alpha: number): void
  /** x w^T (+ bias) by oneDNN, whose packed weights it takes; not recorded. Absent where LibTorch is built without. */
  packedLinear?: (x: Handle, weight: Handle, bias: Handle | undefined) => Handle
  gradMode(): boolean
  setGradMode(enabled: boolean): void
  requireGrad(handle: Handle, required: boolean): void
  /** A new handle on the leaf's gradient; it may be undefined. */
  gradientOf(handle: Handle): Handle
  /** Takes the gradient away from the leaf. */
  clearGradient(handle: Handle): void
  newList(size: number): number
  pushList(list: number, low: number, high: number): void
  listSize(list: number): number
  listItem(list: number, index: number): Handle
  deleteList(list: number): void
  /** A heap slot holding the 64 bits, as optional arguments are passed. */
  newOptional(low: number, high: number): number
  threads(): number
  /** Bytes that the CUDA driver has free on a GPU; undefined where there is none, or no CUDA runtime library. */
  freeCudaMemory(index: number): number | undefined
  /** Copies native memory out, as the typed array of the C type. */
  read(address: number, type: CType, count: number): CData
  /** Copies into native memory. */
  write(address: number, type: CType, data: CData): void
  /** A view of native memory; it must not outlive that memory, and it holds 220 bytes until the event loop turns. */
  view(address: number, bytes: number): ArrayBuffer
}

const two32 = 2 ** 32

/** Loads the libraries of an installation in order and binds the symbols; throws where one is missing. */
export function loadNative(install: TorchInstall): Native {
  const libraries: { role: string; path: string; library: LibraryHandle }[] = []
  let cudaProblem: string | undefined
  for (const { path, role } of install.libraries) {
    try {
      libraries.push({ role, path, library: koffi.load(path, { global: true, lazy: true }) })
    } catch (error) {
      // Without its CUDA library (cuDNN or cuBLAS may be missing) LibTorch still computes on the processor.
      const { message } = error as Error
      if (role !== 'torch_cuda') {
        const hint = 'isentrope doctor shows what was found; ISENTROPE_TORCH=pinned uses the version that is fetched'
        throw new UserError(`LibTorch ${install.version}: ${path} does not load: ${message}`, { hint, cause: error })
      }
      cudaProblem = message
    }
  }
  const libraryOf = (role: string) => {
    const found = libraries.find((entry) => entry.role === role)
    if (!found) throw new Error(`LibTorch ${install.version} at ${install.libDir} has no ${role} library`)
    return found.library
  }
  const torch = libraryOf('torch_cpu')
  const c10 = libraryOf('c10')
  const cuda = libraries.find((entry) => entry.role === 'torch_cuda')?.library

  const block = koffi.alloc('uint64_t', slotCount)
  const slots = Number(koffi.address(block))
  const slotsU32 = new Uint32Array(koffi.view(block, slotCount * 8))
  const slotsF64 = new Float64Array(slotsU32.buffer)
  const slotsI64 = new BigInt64Array(slotsU32.buffer)
  // The last slot receives results of the plain C functions; the eight before it small arrays are not placed in.
  const outIndex = slotCount - 1
  const out = slots + outIndex * 8
  const readOut = () => slotsU32[outIndex * 2] + slotsU32[outIndex * 2 + 1] * two32

  const [major, minor] = install.version.split('.').map((part) => Number.parseInt(part, 10))
  const buildVersion = (BigInt(major) << 56n) | (BigInt(minor) << 48n)

  const bind = (library: LibraryHandle, signature: string) => library.func(signature)
  const optional = (signature: string) => {
    try {
      return bind(torch, signature)
    } catch {
      return undefined
    }
  }
  const fn = {
    dispatch: bind(torch, 'int torch_call_dispatcher(uintptr_t, uintptr_t, uintptr_t, uint64_t)'),
    what: optional('const char* torch_exception_get_what_without_backtrace()'),
    newHandle: bind(torch, 'int aoti_torch_new_tensor_handle(uintptr_t, uintptr_t)'),
    deleteHandle: bind(torch, 'int aoti_torch_delete_tensor_object(uintptr_t)'),
    uninitialized: bind(torch, 'int aoti_torch_new_uninitialized_tensor(uintptr_t)'),
    isDefined: bind(torch, 'int aoti_torch_is_defined(uintptr_t, uintptr_t)'),
    assign: bind(torch, 'int aoti_torch_assign_tensors(uintptr_t, uintptr_t)'),
    empty: bind(torch, 'int aoti_torch_empty_strided(int64_t, void*, void*, int32_t, int32_t, int32_t, uintptr_t)'),
    emptyPinned: optional(
      'int aoti_torch_empty_strided_pinned(int64_t, void*, void*, int32_t, int32_t, int32_t, uintptr_t)',
    ),
    dataPointer: bind(torch, 'int aoti_torch_get_data_ptr(uintptr_t, uintptr_t)'),
    dim: bind(torch, 'int aoti_torch_get_dim(uintptr_t, uintptr_t)'),
    sizes: bind(torch, 'int aoti_torch_get_sizes(uintptr_t, uintptr_t)'),
    strides: bind(torch, 'int aoti_torch_get_strides(uintptr_t, uintptr_t)'),
    dtype: bind(torch, 'int aoti_torch_get_dtype(uintptr_t, uintptr_t)'),
    deviceType: bind(torch, 'int aoti_torch_get_device_type(uintptr_t, uintptr_t)'),
    deviceIndex: bind(torch, 'int aoti_torch_get_device_index(uintptr_t, uintptr_t)'),
    isContiguous: bind(torch, 'int aoti_torch_is_contiguous(uintptr_t, uintptr_t)'),
    subtract: bind(torch, 'int aoti_torch_aten_subtract_Tensor(uintptr_t, uintptr_t, double, uintptr_t)'),
    copy: bind(torch, 'int aoti_torch_copy_(uintptr_t, uintptr_t, int32_t)'),
    fill: bind(torch, 'int aoti_torch_aten_fill__Scalar(uintptr_t, double)'),
    packedLinear: optional(
      'int aoti_torch_cpu__linear_pointwise(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, int64_t, uintptr_t, uintptr_t)',
    ),
    gradMode: bind(torch, 'bool aoti_torch_grad_mode_is_enabled()'),
    setGradMode: bind(torch, 'void aoti_torch_grad_mode_set_enabled(bool)'),
    requireGrad: bind(torch, 'int torch_set_requires_grad(uintptr_t, bool)'),
    newList: bind(torch, 'int torch_new_list_reserve_size(size_t, uintptr_t)'),
    pushList: bind(torch, 'int torch_list_push_back(uintptr_t, uint64_t)'),
    listSize: bind(torch, 'int torch_list_size(uintptr_t, uintptr_t)'),
    listItem: bind(torch, 'int torch_list_get_item(uintptr_t, size_t, uintptr_t)'),
    deleteList: bind(torch, 'int torch_delete_list(uintptr_t)'),
    // Before 2.13 the heap slot of an optional is simply eight bytes from C++'s operator new.
    newOptional: optional('int torch_new_stable_ivalue(uintptr_t)'),
    threads: bind(torch, 'int torch_get_num_threads(uintptr_t)'),
  }
  const memberGrad = bindMember(c10, '_ZNK3c1010TensorImpl4gradEv', '?grad@TensorImpl@c10@@QEBAAEBVTensor@at@@XZ')
  const memberMutableGrad = bindMember(
    c10,
    '_ZN3c1010TensorImpl12mutable_gradEv',
    '?mutable_grad@TensorImpl@c10@@QEAAAEAVTensor@at@@XZ',
  )
  const operatorNew = fn.newOptional ? undefined : c10.func('uintptr_t _Znwm(size_t)')
  const addmm = new Map<string, ReturnType<LibraryHandle['func']>>()
  const addmmFor = (device: string) => {
    let found = addmm.get(device)
    if (!found) {
      const library = device === 'cuda' ? (cuda ?? torch) : torch
      found = library.func(
        `int aoti_torch_${device}_addmm_out(uintptr_t, uintptr_t, uintptr_t, uintptr_t, double, double)`,
      )
      addmm.set(device, found)
    }
    return found
  }

  const lastError = () =>
    (fn.what?.() as string | undefined) ?? 'LibTorch before 2.13 reports the reason on standard error only'
  const check = (code: number) => {
    if (code !== 0) throw new Error(lastError())
  }
  const strings = new Map<string, number>()
  // Single values are read and written without a view: a view holds 220 bytes until the event loop turns, and LibTorch's
  // buffers freed between such small blocks never join again.
  const readInts = (address: number, count: number) => {
    const values = new Array<number>(count)
    for (let i = 0; i < count; i++) values[i] = Number(koffi.decode(address + 8 * i, 'int64_t'))
    return values
  }
  // `at::Tensor` is one pointer wide: its first eight bytes point to the TensorImpl.
  const implementation = (handle: Handle) => Number(koffi.decode(handle, 'uint64_t'))
  const undefinedHandle = (() => {
    check(fn.uninitialized(out))
    return readOut()
  })()

  const cstring = (text: string): number => {
    const known = strings.get(text)
    if (known !== undefined) return known
    const bytes = new TextEncoder().encode(`${text}\0`)
    const memory = koffi.alloc('uint8_t', bytes.length)
    new Uint8Array(koffi.view(memory, bytes.length)).set(bytes)
    const address = Number(koffi.address(memory))
    strings.set(text, address)
    return address
  }

  return {
    version: install.version,
    cuda: cuda !== undefined,
    cudaProblem,
    lacksDriver: install.lacksDriver,
    slotsU32,
    slotsF64,
    slotsI64,
    dispatch: (name, overload) => fn.dispatch(name, overload, slots, buildVersion),
    cstring,
    lastError,
    copyHandle(handle) {
      check(fn.newHandle(handle, out))
      return readOut()
    },
    deleteHandle: (handle) => check(fn.deleteHandle(handle)),
    newUndefined() {
      check(fn.uninitialized(out))
      return readOut()
    },
    isDefined(handle) {
      slotsU32[outIndex * 2] = 0
      check(fn.isDefined(handle, out))
      return (slotsU32[outIndex * 2] & 0xff) !== 0
    },
    assign: (source, destination) => check(fn.assign(source, destination)),
    emptyStrided(shape, strides, dtype, deviceType, deviceIndex) {
      check(
        fn.empty(
          shape.length,
          BigInt64Array.from(shape, BigInt),
          BigInt64Array.from(strides, BigInt),
          dtype,
          deviceType,
          deviceIndex,
          out,
        ),
      )
      return readOut()
    },
    emptyPinned:
      fn.emptyPinned &&
      ((shape, strides, dtype) => {
        const [sizes, steps] = [BigInt64Array.from(shape, BigInt), BigInt64Array.from(strides, BigInt)]
        check(fn.emptyPinned!(shape.length, sizes, steps, dtype, 0, 0, out))
        return readOut()
      }),
    dataPointer(handle) {
      check(fn.dataPointer(handle, out))
      return readOut()
    },
    shape(handle) {
      check(fn.dim(handle, out))
      const dim = slotsU32[outIndex * 2]
      if (dim === 0) return []
      check(fn.sizes(handle, out))
      return readInts(readOut(), dim)
    },
    strides(handle) {
      check(fn.dim(handle, out))
      const dim = slotsU32[outIndex * 2]
      if (dim === 0) return []
      check(fn.strides(handle, out))
      return readInts(readOut(), dim)
    },
    dtype(handle) {
      check(fn.dtype(handle, out))
      return slotsU32[outIndex * 2]
    },
    deviceType(handle) {
      check(fn.deviceType(handle, out))
      return slotsU32[outIndex * 2]
    },
    deviceIndex(handle) {
      check(fn.deviceIndex(handle, out))
      return slotsU32[outIndex * 2] | 0
    },
    isContiguous(handle) {
      slotsU32[outIndex * 2] = 0
      check(fn.isContiguous(handle, out))
      return (slotsU32[outIndex * 2] & 0xff) !== 0
    },
    subtract(self, other, alpha) {
      check(fn.subtract(self, other, alpha, out))
      return readOut()
    },
    copyInto: (destination, source, nonBlocking) => check(fn.copy(destination, source, nonBlocking ? 1 : 0)),
    fill: (handle, value) => check(fn.fill(handle, value)),
    addmmOut: (device, o, self, a, b, beta, alpha) => check(addmmFor(device)(o, self, a, b, beta, alpha)),
    packedLinear:
      fn.packedLinear &&
      ((x, weight, bias) => {
        // An optional handle is passed by its address.
        slotsU32[0] = (bias ?? 0) >>> 0
        slotsU32[1] = Math.floor((bias ?? 0) / two32)
        check(fn.packedLinear!(x, weight, bias === undefined ? 0 : slots, cstring('none'), 0, 0, 0, out))
        return readOut()
      }),
    gradMode: () => fn.gradMode() as boolean,
    setGradMode: (enabled) => fn.setGradMode(enabled),
    requireGrad: (handle, required) => check(fn.requireGrad(handle, required)),
    gradientOf(handle) {
      check(fn.newHandle(memberGrad(implementation(handle)), out))
      return readOut()
    },
    clearGradient: (handle) => check(fn.assign(undefinedHandle, memberMutableGrad(implementation(handle)))),
    newList(size) {
      check(fn.newList(size, out))
      return readOut()
    },
    pushList: (list, low, high) => check(fn.pushList(list, high === 0 ? low : BigInt(low) | (BigInt(high) << 32n))),
    listSize(list) {
      check(fn.listSize(list, out))
      return slotsU32[outIndex * 2]
    },
    listItem(list, index) {
      check(fn.listItem(list, index, out))
      return readOut()
    },
    deleteList: (list) => check(fn.deleteList(list)),
    newOptional(low, high) {
      let address: number
      if (fn.newOptional) {
        check(fn.newOptional(out))
        address = readOut()
      } else {
        address = operatorNew!(8)
      }
      koffi.encode(address, 'uint32_t', low >>> 0)
      koffi.encode(address + 4, 'uint32_t', high >>> 0)
      return address
    },
    threads() {
      check(fn.threads(out))
      return slotsU32[outIndex * 2]
    },
    freeCudaMemory(index) {
      const runtime = libraries.find(({ path }) => /cudart/.test(basename(path)))?.library
      if (!runtime) return undefined
      const select = runtime.func('int cudaSetDevice(int)')
      const free = runtime.func('int cudaMemGetInfo(uintptr_t, uintptr_t)')
      // Two numbers, free and total; the second has the slot before the one that results come in.
      if (select(index) !== 0 || free(out, out - 8) !== 0) return undefined
      return readOut()
    },
    read: (address, type, count) => koffi.decode(address, type, count) as CData,
    write: (address, type, data) => koffi.encode(address, type, data, data.length),
    view: (address, bytes) => koffi.view(address, bytes),
  }
}

/** A C++ member function, exported under its mangled name; takes `this`, returns a borrowed `at::Tensor*`. */
function bindMember(library: LibraryHandle, itanium: string, msvc: string) {
  const name = process.platform === 'win32' ? msvc : itanium
  return library.func(name, 'uintptr_t', ['uintptr_t'])
}
