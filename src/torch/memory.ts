/**
 * Memory that LibTorch has freed but the C library keeps. Sampling and training allocate blocks of other sizes in turn,
 * so what one leaves free the other cannot use, and the process would grow to the sum of both.
 */
import koffi from 'koffi'

type Trim = (pad: number) => number

let trim: Trim | undefined | null

/** glibc's malloc_trim; other C libraries have none, or give memory back by themselves. */
function findTrim(): Trim | null {
  if (process.platform !== 'linux') return null
  try {
    return koffi.load('libc.so.6').func('int malloc_trim(size_t)') as Trim
  } catch {
    return null
  }
}

/** Gives freed memory back to the system; between phases, not between operators: what is needed again is zeroed anew. */
export function releaseFreedMemory(): void {
  trim ??= findTrim()
  trim?.(0)
}
