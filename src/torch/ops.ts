/**
 * The operators this project uses, each declared by its schema and wrapped with types. All go through LibTorch's
 * dispatcher, so autograd records them where grad mode is on. Arguments of schema type Scalar cannot travel through
 * the stable ABI; constants are 0-dim tensors, which do not promote the other operand's type.
 */
import { alive, call, callInPlace, callList, callPair, direct, operator } from './dispatch.js'
import { type Dtype, dtypes } from './dtype.js'
import { native } from './engine.js'
import { keep } from './scope.js'
import { full, Tensor } from './tensor.js'

const constants = new Map<number, Tensor>()

/** A 0-dim float64 tensor on the CPU, made once per value; it combines with tensors of any device and float type. */
function constant(value: number): Tensor {
  let tensor = constants.get(value)
  if (!tensor || tensor.disposed) {
    tensor = keep(full([], value, { dtype: 'float64' }))
    // Learning rates and the like change every step: the table must not grow with them.
    if (constants.size > 256) {
      for (const old of constants.values()) old.dispose()
      constants.clear()
    }
    constants.set(value, tensor)
  }
  return tensor
}

let one: Tensor | undefined

/** The factors of one term, 1; on the CPU, as operators on lists of tensors want them. */
function ones(): Tensor {
  if (!one || one.disposed) one = keep(full([1], 1))
  return one
}

const asOperand = (value: Tensor | number): Tensor => (typeof value === 'number' ? constant(value) : value)

const defs = {
  linear: operator('linear', '', ['T', 'T', 'T?']),
  mm: operator('mm', '', ['T', 'T']),
  mmDtype: operator('mm', 'dtype', ['T', 'T', 'i']),
  bmm: operator('bmm', '', ['T', 'T']),
  rmsNorm: operator('rms_norm', '', ['T', 'i[]', 'T?', 'f?']),
  silu: operator('silu', '', ['T']),
  mul: operator('mul', 'Tensor', ['T', 'T']),
  mul_: operator('mul_', 'Tensor', ['T', 'T']),
  div: operator('div', 'Tensor', ['T', 'T']),
  div_: operator('div_', 'Tensor', ['T', 'T']),
  exp: operator('exp', '', ['T']),
  exp_: operator('exp_', '', ['T']),
  expOut: operator('exp', 'out', ['T', 'T']),
  log: operator('log', '', ['T']),
  neg: operator('neg', '', ['T']),
  sqrt: operator('sqrt', '', ['T']),
  sum: operator('sum', 'dim_IntList', ['T', 'i[]?', 'b', 'dtype?']),
  amax: operator('amax', '', ['T', 'i[]', 'b']),
  argmax: operator('argmax', '', ['T', 'i?', 'b']),
  cat: operator('cat', '', ['T[]', 'i']),
  split: operator('split_with_sizes', '', ['T', 'i[]', 'i'], 'T[]'),
  narrow: operator('narrow', '', ['T', 'i', 'i', 'i']),
  select: operator('select', 'int', ['T', 'i', 'i']),
  reshape: operator('reshape', '', ['T', 'i[]']),
  transpose: operator('transpose', 'int', ['T', 'i', 'i']),
  permute: operator('permute', '', ['T', 'i[]']),
  contiguous: operator('contiguous', '', ['T', 'i']),
  expand: operator('expand', '', ['T', 'i[]', 'b']),
  indexSelect: operator('index_select', '', ['T', 'i', 'T']),
  indexCopy_: operator('index_copy_', '', ['T', 'i', 'T', 'T']),
  indexPut_: operator('index_put_', '', ['T', 'T?[]', 'T', 'b']),
  gather: operator('gather', '', ['T', 'i', 'T', 'b']),
  scatterAdd_: operator('scatter_add_', '', ['T', 'i', 'T', 'T']),
  scatter_: operator('scatter_', 'src', ['T', 'i', 'T', 'T']),
  cumsum: operator('cumsum', '', ['T', 'i', 'dtype?']),
  topk: operator('topk', '', ['T', 'i', 'i', 'b', 'b'], 'TT'),
  sort: operator('sort', '', ['T', 'i', 'b'], 'TT'),
  where: operator('where', 'self', ['T', 'T', 'T']),
  lt: operator('lt', 'Tensor', ['T', 'T']),
  le: operator('le', 'Tensor', ['T', 'T']),
  gt: operator('gt', 'Tensor', ['T', 'T']),
  minimum: operator('minimum', '', ['T', 'T']),
  dot: operator('dot', '', ['T', 'T']),
  foreachAddcmul_: operator('_foreach_addcmul_', 'Tensor', ['T[]', 'T[]', 'T[]', 'T'], ''),
  toCopy: operator('_to_copy', '', ['T', 'dtype?', 'none', 'none', 'none', 'b', 'none']),
  clone: operator('clone', '', ['T', 'none']),
  detach: operator('detach', '', ['T']),
  attention: operator('scaled_dot_product_attention', '', ['T', 'T', 'T', 'T?', 'f', 'b', 'f?', 'b']),
  viewAsComplex: operator('view_as_complex', '', ['T']),
  viewAsReal: operator('view_as_real', '', ['T']),
  backward: operator('_backward', '', ['T', 'T[]', 'T?', 'b?', 'b'], ''),
  adamw: operator(
    '_fused_adamw_',
    '',
    ['T[]', 'T[]', 'T[]', 'T[]', 'T[]', 'T[]', 'f', 'f', 'f', 'f', 'f', 'b', 'b', 'none', 'none'],
    '',
  ),
}

/** x_N_I W_O_I^T (+ b_O). */
export const linear = (x: Tensor, weight: Tensor, bias?: Tensor) => call(defs.linear, x, weight, bias)
export const mm = (a: Tensor, b: Tensor) => call(defs.mm, a, b)
/** a b in float32 of matrices in half precision, whose products no kernel rounds before they are summed. CUDA only. */
export const mmWide = (a: Tensor, b: Tensor) => call(defs.mmDtype, a, b, dtypes.float32.code)
export const bmm = (a: Tensor, b: Tensor) => call(defs.bmm, a, b)

/** x / sqrt(mean(x^2) + eps) * weight, over the last dimension. */
export const rmsNorm = (x: Tensor, weight: Tensor, eps: number) =>
  call(defs.rmsNorm, x, [x.shape[x.shape.length - 1]], weight, eps)

/** x / (1 + e^-x). */
export const silu = (x: Tensor) => call(defs.silu, x)
export const mul = (a: Tensor, b: Tensor | number) => call(defs.mul, a, asOperand(b))
export const mul_ = (a: Tensor, b: Tensor | number) => callInPlace(defs.mul_, a, asOperand(b))
export const div = (a: Tensor, b: Tensor | number) => call(defs.div, a, asOperand(b))
export const div_ = (a: Tensor, b: Tensor | number) => callInPlace(defs.div_, a, asOperand(b))
/** a - alpha b. */
export const sub = (a: Tensor, b: Tensor, alpha = 1) =>
  direct('aten::sub.Tensor', [a, b, alpha], () => new Tensor(native().subtract(alive(a), alive(b), alpha)))
export const add = (a: Tensor, b: Tensor) => sub(a, b, -1)
export const exp = (x: Tensor) => call(defs.exp, x)
export const exp_ = (x: Tensor) => callInPlace(defs.exp_, x)
export const log = (x: Tensor) => call(defs.log, x)
export const neg = (x: Tensor) => call(defs.neg, x)
export const sqrt = (x: Tensor) => call(defs.sqrt, x)
export const sum = (x: Tensor, dims?: number[], keepDim = false, dtype?: Dtype) =>
  call(defs.sum, x, dims, keepDim, dtype)
export const amax = (x: Tensor, dims: number[], keepDim = false) => call(defs.amax, x, dims, keepDim)
/** Index of the largest element along `dim`, the first of equals, int64. */
export const argmax = (x: Tensor, dim: number, keepDim = false) => call(defs.argmax, x, dim, keepDim)
export const cat = (tensors: readonly Tensor[], dim: number) => call(defs.cat, tensors, dim)
export const split = (x: Tensor, sizes: readonly number[], dim: number) => callList(defs.split, x, sizes, dim)
export const narrow = (x: Tensor, dim: number, start: number, length: number) =>
  call(defs.narrow, x, dim, start, length)
export const select = (x: Tensor, dim: number, index: number) => call(defs.select, x, dim, index)
export const reshape = (x: Tensor, shape: readonly number[]) => call(defs.reshape, x, shape)
export const transpose = (x: Tensor, a: number, b: number) => call(defs.transpose, x, a, b)
export const permute = (x: Tensor, dims: readonly number[]) => call(defs.permute, x, dims)
export const contiguous = (x: Tensor) => call(defs.contiguous, x, 0)
export const expand = (x: Tensor, shape: readonly number[]) => call(defs.expand, x, shape, false)
/** Rows (slices along `dim`) of x at the int64 `index`. */
export const indexSelect = (x: Tensor, dim: number, index: Tensor) => call(defs.indexSelect, x, dim, index)
export const indexCopy_ = (x: Tensor, dim: number, index: Tensor, source: Tensor) =>
  callInPlace(defs.indexCopy_, x, dim, index, source)
/** x[indices] = values, or += where `accumulate`; an undefined index means the whole dimension. */
export const indexPut_ = (x: Tensor, indices: readonly (Tensor | undefined)[], values: Tensor, accumulate: boolean) =>
  callInPlace(defs.indexPut_, x, indices, values, accumulate)
export const gather = (x: Tensor, dim: number, index: Tensor) => call(defs.gather, x, dim, index, false)
export const scatterAdd_ = (x: Tensor, dim: number, index: Tensor, source: Tensor) =>
  callInPlace(defs.scatterAdd_, x, dim, index, source)
export const cumsum = (x: Tensor, dim: number) => call(defs.cumsum, x, dim, undefined)
/** The k largest along the last dimension, largest first: values and int64 indices. */
export const topk = (x: Tensor, k: number) => callPair(defs.topk, x, k, -1, true, true)
export const sort = (x: Tensor, dim: number, descending: boolean) => callPair(defs.sort, x, dim, descending)
export const where = (condition: Tensor, a: Tensor, b: Tensor | number) => call(defs.where, condition, a, asOperand(b))
export const lt = (a: Tensor, b: Tensor | number) => call(defs.lt, a, asOperand(b))
export const le = (a: Tensor, b: Tensor | number) => call(defs.le, a, asOperand(b))
export const gt = (a: Tensor, b: Tensor | number) => call(defs.gt, a, asOperand(b))
export const minimum = (a: Tensor, b: Tensor) => call(defs.minimum, a, b)
export const dot = (a: Tensor, b: Tensor) => call(defs.dot, a, b)
/** A copy in another element type (the same type copies too). */
export const toDtype = (x: Tensor, dtype: Dtype) => call(defs.toCopy, x, dtype, undefined, undefined, undefined, false)
export const clone = (x: Tensor) => call(defs.clone, x)
/** The same memory without its history. */
export const detach = (x: Tensor) => call(defs.detach, x)

/**
 * softmax(q k^T scale + mask) v, heads in the second dimension: q [B, H, T, D], k and v [B, KV, S, D].
 * `causal` is top-left aligned: use it only where T = S.
 */
export const attention = (
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: { mask?: Tensor; causal?: boolean; scale: number; groupedQueries?: boolean },
) =>
  call(
    defs.attention,
    q,
    k,
    v,
    options.mask,
    0,
    options.causal ?? false,
    options.scale,
    options.groupedQueries ?? false,
  )

/** [..., 2] real to [...] complex, the same memory. */
export const viewAsComplex = (x: Tensor) => call(defs.viewAsComplex, x)
export const viewAsReal = (x: Tensor) => call(defs.viewAsReal, x)

/** Copies `source` into `destination`, between devices and types too. */
export const copyInto = (destination: Tensor, source: Tensor) =>
  direct('aten::copy_', [destination, source], () => native().copyInto(alive(destination), alive(source), false))
export const fill_ = (x: Tensor, value: number) => native().fill(alive(x), value)

/** out += x in place and in out's precision, whatever the float type of x. */
export const accumulate_ = (out: Tensor, x: Tensor) =>
  callInPlace(defs.foreachAddcmul_, [out], [x], [constant(1)], ones())

/** out = beta out + alpha a b in place, not recorded by autograd. */
export const addmm_ = (out: Tensor, a: Tensor, b: Tensor, beta = 1, alpha = 1) =>
  direct('aten::addmm.out', [out, a, b], () =>
    native().addmmOut(out.device.type, alive(out), alive(out), alive(a), alive(b), beta, alpha),
  )

/** out = a b in place, not recorded by autograd. */
export const mmInto = (out: Tensor, a: Tensor, b: Tensor) => addmm_(out, a, b, 0, 1)

/** Back-propagates `gradient` (shape of `output`) from `output` into the leaves `inputs`, adding to their gradients. */
export const backward = (output: Tensor, inputs: readonly Tensor[], gradient?: Tensor) =>
  callInPlace(defs.backward, output, inputs, gradient, undefined, false)

export interface AdamWOptions {
  lr: number
  betas: readonly [number, number]
  eps: number
  weightDecay: number
}

/**
 * One step of AdamW (Loshchilov and Hutter, 2019) by LibTorch's fused kernel, in place; `steps` are 0-dim float32
 * tensors that already count this step.
 */
export const adamw_ = (
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  firstMoments: readonly Tensor[],
  secondMoments: readonly Tensor[],
  steps: readonly Tensor[],
  { lr, betas, eps, weightDecay }: AdamWOptions,
) =>
  callInPlace(
    defs.adamw,
    parameters,
    gradients,
    firstMoments,
    secondMoments,
    [],
    steps,
    lr,
    betas[0],
    betas[1],
    weightDecay,
    eps,
    false,
    false,
  )

/** e^x written into `target` (shape of x; may be another tensor's retired memory). */
export const expInto = (target: Tensor, x: Tensor) => callInPlace(defs.expOut, x, target)
/** x[r][index_R_1[r]] = source_R_1[r] for every row, in place. */
export const scatter_ = (x: Tensor, dim: number, index: Tensor, source: Tensor) =>
  callInPlace(defs.scatter_, x, dim, index, source)
