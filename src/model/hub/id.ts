/** Names of repositories on a hub, and of their states. */

export interface HubId {
  /** OWNER/NAME. */
  name: string
  /** Branch, tag or commit. */
  revision: string
}

/** `OWNER/NAME` or `OWNER/NAME@REVISION`; undefined for what cannot be a hub id. */
export function parseHubId(reference: string): HubId | undefined {
  const word = '[A-Za-z0-9][\\w.-]*'
  const match = new RegExp(`^((?:${word}/)?${word})(?:@([\\w.-]+(?:/[\\w.-]+)*))?$`).exec(reference)
  if (!match || /\.\.|--/.test(reference)) return undefined
  return { name: match[1], revision: match[2] ?? 'main' }
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision)

/** What a repository is asked for: a model (or the adapter that it is alone), or an adapter, whatever lies beside it. */
export type HubKind = 'model' | 'adapter'
