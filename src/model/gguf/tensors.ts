/** A GGUF file's tensors under canonical names, dequantised to float32 where they are stored in blocks. */

import { UserError } from '../../base/errors.js'
import { familyOf } from '../families/index.js'
import { openFile } from '../file.js'
import { parameterShapes } from '../layout.js'
import type { DecoderConfig, SourceDtype, TensorSource } from '../types.js'
import { blockFormats, dequantize } from './dequantize.js'
import { blockOf, type GgufHeader, type GgufTensor } from './header.js'

const layerNames: Record<string, string> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
}

const topNames: Record<string, string> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
}

/** The GGUF name of a canonical tensor. */
export function ggufName(canonical: string): string {
  const [, layer, base, kind] = /^(?:model\.layers\.(\d+)\.)?(.*)\.(weight|bias)$/.exec(canonical)!
  return layer === undefined ? `${topNames[base]}.${kind}` : `blk.${layer}.${layerNames[base]}.${kind}`
}

/** Rotary tables that the forward pass computes by itself, and a tied head stored all the same. */
function isIgnored(name: string, config: DecoderConfig): boolean {
  return (
    /^rope_(freqs|factors_long|factors_short)\.weight$/.test(name) ||
    (config.tieWordEmbeddings && name === 'output.weight')
  )
}

/** At most this many stored bytes are decoded at a time. */
const chunkBytes = 2 ** 24

/**
 * Files of some families (`pairedRows`) keep the rows of q and k in pairs (the rotation's two halves interleaved), as
 * llama.cpp rotates neighbors: row 2b + a of a head is row a headDim/2 + b of the canonical tensor.
 */
function canonicalRow(storedRow: number, headDim: number): number {
  const within = storedRow % headDim
  return storedRow - within + (within % 2) * (headDim / 2) + (within >> 1)
}

/** @throws UserError naming the tensor for one that is missing, unknown or of another shape than the metadata gives */
export function openGgufTensors(path: string, header: GgufHeader, config: DecoderConfig): TensorSource {
  const byName = new Map(header.tensors.map((tensor) => [tensor.name, tensor]))
  const places = new Map<string, GgufTensor>()
  const tensors = new Map<string, { dtype: SourceDtype; shape: readonly number[] }>()
  for (const [canonical, shape] of parameterShapes(config)) {
    const name = ggufName(canonical)
    const stored = byName.get(name)
    if (stored === undefined) throw new UserError(`${path} lacks the tensor ${name}, which its metadata calls for`)
    if (stored.shape.join() !== shape.join()) {
      throw new UserError(`${path}: tensor ${name} has the shape [${stored.shape}], but the metadata gives [${shape}]`)
    }
    byName.delete(name)
    places.set(canonical, stored)
    const dtype = stored.dtype === 'F16' || stored.dtype === 'BF16' ? stored.dtype : 'F32'
    tensors.set(canonical, { dtype, shape })
  }
  const unknown = [...byName.keys()].find((name) => !isIgnored(name, config))
  if (unknown !== undefined)
    throw new UserError(`${path} holds the tensor ${unknown}, which its metadata does not call for`)

  const pairedRows = familyOf(config).gguf?.pairedRows === true
  const file = openFile(path)
  return {
    tensors,
    readInto(canonical, into) {
      const stored = places.get(canonical)
      if (stored === undefined) throw new Error(`no tensor ${canonical}`)
      const paired = pairedRows && /self_attn\.[qk]_proj/.test(canonical)
      readRows(stored, into, paired ? config.headDim : undefined, file.read)
    },
    close: () => file.close(),
  }
}

function readRows(
  stored: GgufTensor,
  into: Uint8Array,
  pairedHeadDim: number | undefined,
  read: (offset: number, into: Uint8Array) => void,
): void {
  const { dtype, shape, offset } = stored
  const format = dtype === 'F32' || dtype === 'F16' || dtype === 'BF16' ? undefined : blockFormats[dtype]
  const block = blockOf(dtype)
  const valueBytes = format ? 4 : block.bytes
  // A bias is a matrix of one column to the row order below.
  const columns = shape.length === 1 ? (pairedHeadDim === undefined ? shape[0] : 1) : shape[shape.length - 1]
  const rows = shape.reduce((product, length) => product * length, 1) / columns
  const rowBytes = (columns / block.values) * block.bytes
  if (into.length !== rows * columns * valueBytes) {
    throw new Error(`${stored.name} takes ${rows * columns * valueBytes} bytes, not ${into.length}`)
  }
  if (format === undefined && pairedHeadDim === undefined) {
    read(offset, into)
    return
  }

  const rowsAtOnce = Math.max(1, Math.floor(chunkBytes / rowBytes))
  const source = new Uint8Array(Math.min(rows, rowsAtOnce) * rowBytes)
  const values = new Float32Array(format ? Math.min(rows, rowsAtOnce) * columns : 0)
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - first)
    const chunk = source.subarray(0, count * rowBytes)
    read(offset + first * rowBytes, chunk)
    let decoded = chunk
    if (format) {
      dequantize(format, chunk, values.subarray(0, count * columns))
      decoded = new Uint8Array(values.buffer, 0, count * columns * 4)
    }
    const outBytes = columns * valueBytes
    if (pairedHeadDim === undefined) into.set(decoded, first * outBytes)
    else {
      for (let row = 0; row < count; row++) {
        into.set(
          decoded.subarray(row * outBytes, (row + 1) * outBytes),
          canonicalRow(first + row, pairedHeadDim) * outBytes,
        )
      }
    }
  }
}
