/** All kinds of backends: the recipe's `backend` section, its checks, and its documentation fold over this list. */
import { kindOf, optionsIn, type SectionOf, sectionOf } from '../base/schema/kinds.js'
import type { Backend } from './backend.js'
import type { BackendKind, PolicyOptions } from './backend-kind.js'
import type { BackendCapabilities } from './capabilities.js'
import { localBackend } from './local/kind.js'

/** The first is the default. */
const backendKinds = [localBackend] as const

export const backendSection = sectionOf(backendKinds)
export type BackendSection = SectionOf<(typeof backendKinds)[number]>

export const backendKind = (section: BackendSection | undefined): BackendKind => kindOf(backendKinds, section)

export const backendCapabilities = (section: BackendSection | undefined): BackendCapabilities =>
  backendKind(section).capabilities(optionsIn(section))

/** Where the policy is trained, in a few words. */
export const describeBackend = (section: BackendSection | undefined): string =>
  backendKind(section).describe(optionsIn(section))

/** Opens a recipe's policy in its backend. */
export const openBackendKind = (
  policy: PolicyOptions & { backend?: BackendSection },
  context: { signal?: AbortSignal } = {},
): Promise<Backend> => backendKind(policy.backend).open(policy, optionsIn(policy.backend), context)
