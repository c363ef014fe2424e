/** The settings that forbid the network: ISENTROPE_OFFLINE all of it, HF_HUB_OFFLINE what Hugging Face's own tools fetch. */
export interface NetworkOff {
  /** The setting, as an error names it. */
  by: string
  /** How to allow the network again: half a sentence. */
  undo: string
}

const isOn = (name: string): boolean => /^(1|true|yes|on)$/i.test(process.env[name] ?? '')

const settings = { hub: ['ISENTROPE_OFFLINE', 'HF_HUB_OFFLINE'], index: ['ISENTROPE_OFFLINE'] }

/** What forbids asking the hub, or a package index; undefined where nothing does. `said`: a caller's own word goes before. */
export function networkOff(server: 'hub' | 'index', said?: boolean): NetworkOff | undefined {
  if (said !== undefined) return said ? { by: "the caller's offline: true", undo: 'leave out offline' } : undefined
  const name = settings[server].find(isOn)
  return name === undefined ? undefined : { by: name, undo: `unset ${name}` }
}
