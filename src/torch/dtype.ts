/** Element types by LibTorch's own numbering (`c10::ScalarType`), with the typed array that views them on the CPU, and their C type. */
export const dtypes = {
  uint8: { code: 0, bytes: 1, array: Uint8Array, c: 'uint8_t' },
  int32: { code: 3, bytes: 4, array: Int32Array, c: 'int32_t' },
  int64: { code: 4, bytes: 8, array: BigInt64Array, c: 'int64_t' },
  float16: { code: 5, bytes: 2, array: Uint16Array, c: 'uint16_t' },
  float32: { code: 6, bytes: 4, array: Float32Array, c: 'float' },
  float64: { code: 7, bytes: 8, array: Float64Array, c: 'double' },
  complex64: { code: 9, bytes: 8, array: Float32Array, c: 'float' },
  bool: { code: 11, bytes: 1, array: Uint8Array, c: 'uint8_t' },
  bfloat16: { code: 15, bytes: 2, array: Uint16Array, c: 'uint16_t' },
} as const

export type Dtype = keyof typeof dtypes

/** The typed array that a tensor of this type is viewed as; float16 and bfloat16 show their bits. */
export type DataOf<D extends Dtype> = InstanceType<(typeof dtypes)[D]['array']>

export type AnyData = DataOf<Dtype>

const byCode = new Map<number, Dtype>((Object.keys(dtypes) as Dtype[]).map((name) => [dtypes[name].code, name]))

export function dtypeOfCode(code: number): Dtype {
  const name = byCode.get(code)
  if (!name) throw new Error(`LibTorch element type ${code} has no counterpart here`)
  return name
}

/** Whether numbers of this type have 16 bits: sums and small steps are then kept in float32. */
export const isHalf = (dtype: Dtype): boolean => dtype === 'bfloat16' || dtype === 'float16'
