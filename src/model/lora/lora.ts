/**
 * A LoRA adapter of a decoder: a {@link LoraSite} for every fused weight that it adapts. The weights themselves never
 * change, so a decoder that shares them and has no adapter is the base model, bit for bit, at no cost in memory: what
 * a KL term's reference needs.
 */
import { rngFrom } from '../../base/philox.js'
import { copyInto, type Dtype, fromData, keep, noGrad, type Tensor, zeros } from '../../torch/index.js'
import type { Decoder } from '../decoder.js'
import { type LinearKey, linearKeys } from '../layout.js'
import { exportAll, fillParameter, type Parameter, type Part } from '../parameters.js'
import type { TensorSource } from '../types.js'
import { type AdapterConfig, adapterScale } from './adapter-config.js'
import { type AdaptedModule, type OpenAdapter, openAdapter, writeAdapter } from './adapter-file.js'
import { factorA, factorB, linearModules, targetModules } from './adapter-layout.js'
import { DropoutMask } from './dropout.js'
import { type LoraBlock, LoraSite } from './site.js'

/** A new adapter. */
export interface LoraOptions {
  rank: number
  alpha: number
  /** Linear layers by name, or all but the head. */
  targets: 'all-linear' | readonly string[]
  rankStabilized: boolean
  seed: number
  /** What the base model is called, written into the adapter's config. */
  baseModel: string
}

/** How a service of a model opens its adapter; travels between threads. */
export interface LoraInit {
  /** A PEFT adapter directory to begin with; else a new adapter. */
  from?: string
  create?: Omit<LoraOptions, 'baseModel'>
  baseModel: string
  /** While training. */
  dropout?: { rate: number; seed: number }
}

const initialStream = 0x6c6f7261

export class Lora {
  config: AdapterConfig
  readonly modules: readonly AdaptedModule[]
  readonly #model: Decoder
  readonly #sites: { layer: number; key: LinearKey; site: LoraSite }[]
  #dropout: DropoutMask[] | undefined

  private constructor(model: Decoder, config: AdapterConfig, modules: readonly AdaptedModule[]) {
    this.#model = model
    this.config = config
    this.modules = modules
    this.#sites = sitesOf(model, modules, config)
  }

  /**
   * A new adapter as peft initialises one: A uniform in +-1/sqrt(in) (Kaiming with a = sqrt(5)), B zero, so that it
   * changes nothing yet. Each module's A is drawn under its own key of the seed, whatever else is adapted.
   */
  static create(model: Decoder, options: LoraOptions): Lora {
    const { rank, alpha, rankStabilized, baseModel, seed } = options
    const config = { rank, alpha, rankStabilized, dropout: 0, baseModel, rankPattern: {}, alphaPattern: {} }
    const order = new Map(linearModules(model.config).map(({ name }, index) => [name, index]))
    const modules = targetModules(model.config, options.targets).map((module) => ({ ...module, rank, alpha }))
    const lora = new Lora(model, config, modules)
    const initial = new Map(modules.map((module) => [factorA(module.name), module]))
    for (const { site } of lora.#sites) {
      const values = new Float32Array(site.a.value.size)
      for (const { name, start } of site.a.parts) {
        const module = initial.get(name)!
        const draw = rngFrom(seed, initialStream, order.get(module.name))
        const bound = 1 / Math.sqrt(module.in)
        for (let i = 0; i < module.rank * module.in; i++) values[start * module.in + i] = (2 * draw() - 1) * bound
      }
      const host = fromData(values, site.a.value.shape)
      noGrad(() => copyInto(site.a.value, host))
      host.dispose()
    }
    return lora
  }

  /** The adapter that `init` describes, in force on the model. */
  static open(model: Decoder, { from, create, baseModel, dropout }: LoraInit): Lora {
    let lora: Lora
    if (from === undefined) lora = Lora.create(model, { ...create!, baseModel })
    else {
      const opened = openAdapter(from, model.config)
      try {
        lora = Lora.load(model, opened)
      } finally {
        opened.tensors.close()
      }
    }
    lora.config = { ...lora.config, baseModel, dropout: dropout?.rate ?? 0 }
    lora.attach(model)
    return lora
  }

  static load(model: Decoder, { config, modules, tensors }: OpenAdapter): Lora {
    const lora = new Lora(model, config, modules)
    lora.fill(tensors)
    return lora
  }

  /** Every factor, in a fixed order; A of a fused weight is one parameter. */
  parameters(): Parameter[] {
    return this.#sites.flatMap(({ site }) => [site.a, ...site.blocks.map(({ b }) => b)])
  }

  get parameterCount(): number {
    return this.parameters().reduce((total, { value }) => total + value.size, 0)
  }

  fill(source: TensorSource): void {
    for (const parameter of this.parameters()) fillParameter(parameter, source)
  }

  /** Writes a PEFT adapter directory, with `sidecars` (the tokenizer's files) in it. */
  write(directory: string, sidecars?: ReadonlyMap<string, string | Uint8Array>): void {
    const { config, modules } = this
    writeAdapter(directory, { config, modules, model: this.#model.config }, exportAll(this.parameters()), sidecars)
  }

  /** Puts the adapter in force on `model`: the one it was made for, or one that shares its weights. */
  attach(model: Decoder): void {
    for (const { layer, key, site } of this.#sites) model.parameters.layers[layer][key].adapter = site
  }

  /** The same adapter with factors of its own. */
  copy(): Lora {
    const copy = new Lora(this.#model, this.config, this.modules)
    const originals = this.parameters()
    copy.parameters().forEach(({ value }, i) => {
      noGrad(() => copyInto(value, originals[i].value))
    })
    return copy
  }

  /** Dropout on the input of every A, from now on until `rows_T_1` ({@link dropoutRows}) is undefined. */
  drop(rows_T_1: Tensor | undefined, { rate, seed }: { rate: number; seed: number }): void {
    this.#dropout ??= this.#sites.map(({ site }, layer) => {
      const [, width] = site.a.value.shape
      return new DropoutMask(rate, seed, layer, { width, device: this.#model.device })
    })
    this.#sites.forEach(({ site }, i) => {
      this.#dropout![i].rows = rows_T_1
      site.dropout = rows_T_1 && this.#dropout![i]
    })
  }

  dispose(): void {
    for (const { value } of this.parameters()) value.dispose()
    for (const mask of this.#dropout ?? []) mask.dispose()
  }
}

/** Sites with factors of zeros. Modules of one weight are neighbours, in the order of its rows. */
function sitesOf(model: Decoder, modules: readonly AdaptedModule[], config: AdapterConfig) {
  const moduleOf = new Map(modules.flatMap((module) => module.layers.map(({ name }) => [`${name}.weight`, module])))
  const dtype: Dtype = model.dtype === 'float64' ? 'float64' : 'float32'
  const make = (name: string, shape: number[], parts: Part[]): Parameter => ({
    name,
    value: keep(zeros(shape, { dtype, device: model.device })),
    parts,
  })
  const siteOn = (weight: Parameter): LoraSite | undefined => {
    const adapted = [...new Set(weight.parts.flatMap((part) => moduleOf.get(part.name) ?? []))]
    if (adapted.length === 0) return undefined
    const [rows, width] = weight.value.shape
    const partsA: Part[] = []
    let ranks = 0
    const blocks = adapted.map(({ name, rank, alpha }): LoraBlock => {
      const own = weight.parts.filter((part) => moduleOf.get(part.name)?.name === name)
      const [{ start }] = own
      const count = own.reduce((sum, part) => sum + part.rows, 0)
      const partsB = own.map((part) => ({
        name: factorB(part.name.slice(0, -'.weight'.length)),
        start: part.start - start,
        rows: part.rows,
        shape: [part.rows, rank],
        rotated: part.rotated,
      }))
      partsA.push({ name: factorA(name), start: ranks, rows: rank, shape: [rank, width] })
      const b = make(`${name}.lora_B.weight`, [count, rank], partsB)
      const block = {
        b,
        scale: adapterScale(rank, alpha, config.rankStabilized),
        rankStart: ranks,
        rank,
        start,
        rows: count,
      }
      ranks += rank
      return block
    })
    return new LoraSite(make(`${weight.name}.lora_A`, [ranks, width], partsA), blocks, rows)
  }
  return model.parameters.layers.flatMap((parameters, layer) =>
    linearKeys.flatMap((key) => {
      const site = siteOn(parameters[key])
      return site ? [{ layer, key, site }] : []
    }),
  )
}
