/** The options of both clips, their presets, and what may be wrong with them. */

import { UserError } from '../base/errors.js'
import { shown } from '../base/shown.js'

export const clipPresets = ['paper', 'trinity'] as const
export type ClipPreset = (typeof clipPresets)[number]

export const applyToNames = ['all', 'negative', 'positive'] as const
/** The sign of the advantage that makes a token eligible to be masked; A = 0 never is. */
export type ApplyTo = (typeof applyToNames)[number]

/** An option that is given wins over the preset's. */
export interface ClipOptions {
  /**
   * `paper` (the default): both sides, all tokens, mu must be given.
   * `trinity`: the authors' released code, tokens with A < 0 on the lower side only; see `resolveClipOptions`.
   */
  preset?: ClipPreset
  /** Width of the kept interval below its centre, in sigmas; Infinity leaves that side open. */
  muLow?: number
  /** Width of the kept interval above its centre, in sigmas; Infinity leaves that side open. */
  muHigh?: number
  /** Default `all`. */
  applyTo?: ApplyTo
  /** At most floor(maxFraction x eligible tokens) are masked; 0 to 1, default 1. */
  maxFraction?: number
}

export interface ResolvedClipOptions {
  muLow: number
  muHigh: number
  applyTo: ApplyTo
  /** Largest number of tokens that may be masked. */
  cap(eligible: number, policyTokens: number): number
}

/** What a preset gives; an option that it lacks has no default. */
export interface ClipPresetOptions {
  muLow?: number
  muHigh?: number
  applyTo: ApplyTo
  /** Largest number of tokens that may be masked, where maxFraction is not given. */
  cap?: (policyTokens: number) => number
}

export type ClipPresets = Readonly<Record<ClipPreset, ClipPresetOptions>>

/** Whether a token of advantage A may be masked: A is not 0 and has the sign that `applyTo` names. */
export function isEligible(advantage: number, applyTo: ApplyTo): boolean {
  if (applyTo === 'negative') return advantage < 0
  if (applyTo === 'positive') return advantage > 0
  return advantage !== 0
}

/**
 * The options with their preset filled in. `label`: the clip's name in errors.
 *
 * @throws {UserError} for a missing, negative or NaN mu, a maxFraction outside [0, 1], an unknown preset or applyTo.
 */
export function fillClipOptions(label: string, presets: ClipPresets, options: ClipOptions): ResolvedClipOptions {
  const { preset: presetName = 'paper', maxFraction } = options
  if (!clipPresets.includes(presetName)) {
    throw new UserError(`${label}: there is no preset ${shown(presetName)}`, {
      hint: `Presets are ${clipPresets.join(' and ')}.`,
    })
  }
  const preset = presets[presetName]
  const applyTo = options.applyTo ?? preset.applyTo
  if (!applyToNames.includes(applyTo)) {
    throw new UserError(`${label}: applyTo is ${shown(applyTo)}`, {
      hint: `applyTo is one of ${applyToNames.join(', ')}.`,
    })
  }
  if (maxFraction !== undefined && !(maxFraction >= 0 && maxFraction <= 1)) {
    throw new UserError(`${label}: maxFraction is ${maxFraction}`, { hint: 'maxFraction lies between 0 and 1.' })
  }
  const mu = (name: 'muLow' | 'muHigh'): number => {
    const value = options[name] ?? preset[name]
    if (value === undefined) {
      throw new UserError(`${label}: ${name} is not given, and preset ${presetName} has no default for it`, {
        hint: 'Give muLow and muHigh in units of sigma; Infinity leaves that side open.',
      })
    }
    if (!(value >= 0)) {
      throw new UserError(`${label}: ${name} is ${value}`, { hint: `${name} is a width in sigmas, 0 or more.` })
    }
    return value
  }
  const presetCap = maxFraction === undefined ? preset.cap : undefined
  return {
    muLow: mu('muLow'),
    muHigh: mu('muHigh'),
    applyTo,
    cap: (eligible, policyTokens) => presetCap?.(policyTokens) ?? Math.floor((maxFraction ?? 1) * eligible),
  }
}
