/** All kinds of samplers: the recipe's `sampler` section, its checks, and its documentation fold over this list. */
import { kindOf, optionsIn, type SectionInputOf, type SectionOf, sectionOf } from '../base/schema/kinds.js'
import { localSampler } from './local-sampler.js'
import type { Sampler, SamplerCapabilities, SamplerContext, SamplerKind } from './sampler-kind.js'
import { vllmSampler } from './vllm/kind.js'

/** The first is the default. */
const samplerKinds = [localSampler, vllmSampler] as const

export const samplerSection = sectionOf(samplerKinds)
export type SamplerSection = SectionOf<(typeof samplerKinds)[number]>
/** As a recipe writes it. */
export type SamplerSectionInput = SectionInputOf<(typeof samplerKinds)[number]>

export const samplerKind = (section: SamplerSection | undefined): SamplerKind => kindOf(samplerKinds, section)

export const samplerCapabilities = (
  section: SamplerSection | undefined,
  backend: SamplerCapabilities,
): SamplerCapabilities => samplerKind(section).capabilities(optionsIn(section), backend)

/** Where completions are drawn, in a few words. */
export const describeSampler = (section: SamplerSection | undefined): string =>
  samplerKind(section).describe(optionsIn(section))

/** Opens the recipe's sampler. */
export const openSamplerKind = (section: SamplerSection | undefined, context: SamplerContext): Promise<Sampler> =>
  samplerKind(section).open(optionsIn(section), context)
