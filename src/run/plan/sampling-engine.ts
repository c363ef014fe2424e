/** Where and in what type models are sampled without being trained: eval, filter and generate. */
import os from 'node:os'
import { sketchModelWithProgress } from '../../rollout/model-thread.js'
import { measurePrecision } from '../../rollout/precision.js'
import type { PrecisionSeconds } from '../../torch/precision-speed.js'
import { absentDevice } from './absent-device.js'
import { decodingWork } from './layer-work.js'
import type { Plan } from './plan.js'
import { type ComputeType, typeByMeasurement } from './resolve-dtype.js'

/** As a plan tells it. */
export type PlannedEngine = Pick<Plan, 'device' | 'dtypeChoice' | 'threads'> & {
  dtype: ComputeType
  /** Why the device is not here; absent where it may be. */
  absent?: string
}

export interface EngineAsked {
  device?: string
  /** Default float32. */
  dtype?: ComputeType | 'auto'
  threads?: number
}

export interface SamplingWork {
  models: readonly { reference: string; adapter?: string }[]
  /** Sampled at once. */
  rows: number
  maxNewTokens: number
  /** The type of what goes on, which it keeps. */
  begun?: unknown
}

/**
 * The engine asked for. `auto` takes bfloat16 where decoding is clearly faster in it with the largest of the models, so that
 * all are sampled in one type.
 * @throws UserError where a model or the device is not there
 */
export async function samplingEngine(
  { device = 'cpu', dtype = 'float32', threads }: EngineAsked,
  work: SamplingWork,
  measure: (work: SamplingWork, device: string, threads?: number) => Promise<PrecisionSeconds> = measureHere,
): Promise<PlannedEngine> {
  const engine = { device, threads: threads ?? os.availableParallelism() }
  if (dtype !== 'auto') return { ...engine, dtype }
  if (isComputeType(work.begun)) return { ...engine, dtype: work.begun, dtypeChoice: { by: 'run' } }
  const { dtype: faster, choice } = await typeByMeasurement(() => measure(work, device, threads))
  return { ...engine, dtype: faster, dtypeChoice: choice }
}

/** The engine as a plan tells it: with the reason where its device is not here. */
export async function toldEngine(engine: PlannedEngine): Promise<PlannedEngine> {
  const absent = await absentDevice(engine.device)
  return absent === undefined ? engine : { ...engine, absent }
}

const isComputeType = (value: unknown): value is ComputeType =>
  value === 'float32' || value === 'bfloat16' || value === 'float16'

async function measureHere(work: SamplingWork, device: string, threads?: number): Promise<PrecisionSeconds> {
  const sketches = await Promise.all(
    work.models.map(async ({ reference, adapter }) => sketchModelWithProgress(reference, adapter)),
  )
  const largest = sketches.reduce((a, b) => (b.parameters > a.parameters ? b : a))
  return measurePrecision(decodingWork(device, work, largest), threads)
}
