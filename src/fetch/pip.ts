/**
 * Where a user's package index is, and how to reach it, as told to pip: `PIP_*` variables over `PIP_CONFIG_FILE` over the
 * environment's, the user's and the machine's pip.conf. Reading pip's own settings means that whoever has made
 * `pip install` work (a mirror, a proxy, a company's certificate) has made this work too.
 */
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface PipSettings {
  /** Address of the simple index; undefined means the public one. */
  index?: string
  /** Further simple indexes, asked after it. */
  extraIndexes: string[]
  /** True where the user forbids asking any index (`no-index`). */
  noIndex: boolean
  /** A PEM file to trust besides the built-in authorities. */
  certificate?: string
  /** A proxy for http and https alike, `http://[user:password@]host:port`. */
  proxy?: string
}

export interface PipEnvironment {
  env?: NodeJS.ProcessEnv
  platform?: NodeJS.Platform
  home?: string
}

/**
 * Sections of a pip.conf (Python's configparser: `key = value` or `key: value`, indented lines continue a value, `#` and
 * `;` open a comment line, keys are case-insensitive, `_` and `-` are the same).
 */
export function parsePipConfig(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let key: string | undefined
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    if (/^\s*([#;].*)?$/.test(line)) continue
    const header = /^\[([^\]]+)\]/.exec(line)
    if (header) {
      section = sections.get(header[1]) ?? new Map()
      sections.set(header[1], section)
      key = undefined
    } else if (/^\s/.test(line) && section && key !== undefined) {
      section.set(key, `${section.get(key)}\n${line.trim()}`)
    } else {
      const pair = /^\s*([^=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line)
      if (!pair || !section) continue
      key = pair[1].toLowerCase().replaceAll('_', '-')
      section.set(key, pair[2])
    }
  }
  return sections
}

/** The pip.conf files that pip would read here, weakest first. */
export function pipConfigFiles({
  env = process.env,
  platform = process.platform,
  home = os.homedir(),
}: PipEnvironment = {}): string[] {
  const named = env.PIP_CONFIG_FILE
  if (named === os.devNull) return []
  const files: string[] = []
  if (platform === 'win32') {
    files.push(path.join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'pip', 'pip.ini'))
    files.push(path.join(home, 'pip', 'pip.ini'))
    if (env.APPDATA) files.push(path.join(env.APPDATA, 'pip', 'pip.ini'))
  } else {
    if (platform === 'darwin') files.push('/Library/Application Support/pip/pip.conf')
    else {
      const directories = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').filter(Boolean)
      files.push(...directories.reverse().map((directory) => path.join(directory, 'pip', 'pip.conf')))
    }
    files.push('/etc/pip.conf', path.join(home, '.pip', 'pip.conf'))
    files.push(path.join(env.XDG_CONFIG_HOME || path.join(home, '.config'), 'pip', 'pip.conf'))
    if (platform === 'darwin') files.push(path.join(home, 'Library', 'Application Support', 'pip', 'pip.conf'))
  }
  if (env.VIRTUAL_ENV) files.push(path.join(env.VIRTUAL_ENV, platform === 'win32' ? 'pip.ini' : 'pip.conf'))
  if (named) files.push(named)
  return files
}

/** pip's settings as they hold here; files that do not exist or cannot be read say nothing. */
export function pipSettings(environment: PipEnvironment = {}): PipSettings {
  const env = environment.env ?? process.env
  const values = new Map<string, string>()
  for (const file of pipConfigFiles(environment)) {
    let sections: Map<string, Map<string, string>>
    try {
      sections = parsePipConfig(readFileSync(file, 'utf8'))
    } catch {
      continue
    }
    for (const name of ['global', 'install'])
      for (const [key, value] of sections.get(name) ?? []) values.set(key, value)
  }
  for (const key of ['index-url', 'extra-index-url', 'no-index', 'cert', 'proxy']) {
    const value = env[`PIP_${key.toUpperCase().replaceAll('-', '_')}`]
    if (value) values.set(key, value)
  }
  const addresses = (key: string) => (values.get(key) ?? '').split(/\s+/).filter(Boolean)
  return {
    index: addresses('index-url')[0],
    extraIndexes: addresses('extra-index-url'),
    noIndex: /^(1|true|yes|on|y|t)$/i.test(values.get('no-index') ?? ''),
    certificate: values.get('cert'),
    proxy: values.get('proxy'),
  }
}
