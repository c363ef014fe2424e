import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parsePipConfig, pipSettings } from './pip.js'
import { parseSimpleHtml } from './wheel-index.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'pip-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const write = (name: string, text: string): string => {
  const file = path.join(home, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}
// XDG_CONFIG_DIRS keeps this machine's own settings out.
const settings = (env: NodeJS.ProcessEnv = {}) =>
  pipSettings({ env: { XDG_CONFIG_DIRS: path.join(home, 'xdg'), ...env }, platform: 'linux', home })

describe("pip's settings", () => {
  it('parses sections, comments, continued values and both signs', () => {
    const text =
      '# top\n[global]\nindex_url = https://a/simple\n; no\nextra-index-url =\n  https://b\n  https://c\n[install]\nCert: /x.pem\n'
    const sections = parsePipConfig(text)
    expect(sections.get('global')?.get('index-url')).toBe('https://a/simple')
    expect(sections.get('global')?.get('extra-index-url')?.trim().split('\n')).toEqual(['https://b', 'https://c'])
    expect(sections.get('install')?.get('cert')).toBe('/x.pem')
  })

  it("prefers the environment's variables, then the named file, the virtual environment's, the user's", () => {
    write('.config/pip/pip.conf', '[global]\nindex-url = https://user/simple\nproxy = http://user:1\n')
    expect(settings()).toMatchObject({ indexes: ['https://user/simple'], proxy: 'http://user:1' })
    write('venv/pip.conf', '[global]\nindex-url = https://venv/simple\n')
    const env = { VIRTUAL_ENV: path.join(home, 'venv') }
    expect(settings(env).indexes).toEqual(['https://venv/simple'])
    const named = write('named.conf', '[install]\nindex-url = https://named/simple\n')
    expect(settings({ ...env, PIP_CONFIG_FILE: named }).indexes).toEqual(['https://named/simple'])
    const said = { ...env, PIP_CONFIG_FILE: named, PIP_INDEX_URL: 'https://said/simple', PIP_NO_INDEX: '1' }
    expect(settings(said)).toMatchObject({ indexes: ['https://said/simple'], noIndex: true, proxy: 'http://user:1' })
  })

  it('reads the anchors of an HTML index', () => {
    const hash = 'b'.repeat(64)
    const html = `<a href="../../x/one-1.0-py3-none-any.whl#sha256=${hash}" data-x="1">one-1.0-py3-none-any.whl</a>
      <a href='https://files.example/two.whl?a=1&amp;b=2'> two.whl </a>`
    expect(parseSimpleHtml(html, 'https://index.example/simple/one/')).toEqual([
      { filename: 'one-1.0-py3-none-any.whl', url: 'https://index.example/x/one-1.0-py3-none-any.whl', sha256: hash },
      { filename: 'two.whl', url: 'https://files.example/two.whl?a=1&b=2', sha256: undefined },
    ])
  })
})
