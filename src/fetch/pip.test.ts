import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parsePipConfig, pipConfigFiles, pipSettings } from './pip.js'

let home: string
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'pip-test-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

async function write(file: string, text: string): Promise<string> {
  const at = path.join(home, file)
  await mkdir(path.dirname(at), { recursive: true })
  await writeFile(at, text)
  return at
}

describe('parsePipConfig', () => {
  test('sections, both separators, comments, continued values, keys in any spelling', () => {
    const text = [
      '\uFEFF# a comment',
      '[global]',
      'Index_URL = https://a.example/simple',
      'timeout: 60',
      'extra-index-url =',
      '    https://b.example/simple',
      '',
      '    https://c.example/simple',
      '; another',
      '[install]',
      'no-index = true',
      '[global]',
      'cert = /etc/ca.pem',
    ].join('\r\n')
    const sections = parsePipConfig(text)
    expect(Object.fromEntries(sections.get('global')!)).toEqual({
      'index-url': 'https://a.example/simple',
      timeout: '60',
      'extra-index-url': '\nhttps://b.example/simple\nhttps://c.example/simple',
      cert: '/etc/ca.pem',
    })
    expect(Object.fromEntries(sections.get('install')!)).toEqual({ 'no-index': 'true' })
  })

  test('what is no configuration says nothing', () => {
    expect(parsePipConfig('').size).toBe(0)
    expect(parsePipConfig('index-url = https://no.section.example\n= x\n').size).toBe(0)
  })
})

describe('pipConfigFiles', () => {
  test('on Linux: machine, user, environment, named; weakest first', () => {
    const env = { XDG_CONFIG_DIRS: '/xdg/a:/xdg/b', VIRTUAL_ENV: '/venv', PIP_CONFIG_FILE: '/named.conf' }
    expect(pipConfigFiles({ env, platform: 'linux', home: '/home/u' })).toEqual([
      '/xdg/b/pip/pip.conf',
      '/xdg/a/pip/pip.conf',
      '/etc/pip.conf',
      '/home/u/.pip/pip.conf',
      '/home/u/.config/pip/pip.conf',
      '/venv/pip.conf',
      '/named.conf',
    ])
  })

  test('on macOS and Windows in their places', () => {
    expect(pipConfigFiles({ env: {}, platform: 'darwin', home: '/Users/u' })).toContain(
      '/Users/u/Library/Application Support/pip/pip.conf',
    )
    const windows = pipConfigFiles({ env: { APPDATA: 'R:/roaming' }, platform: 'win32', home: 'R:/u' })
    expect(windows.every((file) => file.endsWith('pip.ini'))).toBe(true)
    expect(windows).toContain(path.join('R:/roaming', 'pip', 'pip.ini'))
  })

  test('the null device as PIP_CONFIG_FILE turns files off', () => {
    expect(pipConfigFiles({ env: { PIP_CONFIG_FILE: os.devNull }, platform: 'linux', home })).toEqual([])
  })
})

describe('pipSettings', () => {
  test('variables over the named file over the user file; [install] over [global]', async () => {
    await write(
      '.config/pip/pip.conf',
      '[global]\nindex-url = https://user.example/simple\nproxy = http://proxy:1\ncert = /user.pem\n',
    )
    const named = await write('named.conf', '[global]\ncert = /named.pem\nindex-url = https://g.example/simple\n')
    const platform = 'linux'
    expect(pipSettings({ env: {}, platform, home })).toMatchObject({
      index: 'https://user.example/simple',
      certificate: '/user.pem',
      proxy: 'http://proxy:1',
    })
    expect(pipSettings({ env: { PIP_CONFIG_FILE: named }, platform, home })).toMatchObject({
      index: 'https://g.example/simple',
      certificate: '/named.pem',
      proxy: 'http://proxy:1',
    })
    await writeFile(
      named,
      '[install]\nindex-url = https://i.example/simple\n[global]\nindex-url = https://g.example/simple\n',
    )
    expect(pipSettings({ env: { PIP_CONFIG_FILE: named }, platform, home }).index).toBe('https://i.example/simple')
    const env = {
      PIP_CONFIG_FILE: named,
      PIP_INDEX_URL: 'https://v.example/simple',
      PIP_EXTRA_INDEX_URL: 'https://w.example/simple https://x.example/simple',
      PIP_NO_INDEX: 'yes',
    }
    expect(pipSettings({ env, platform, home })).toMatchObject({
      index: 'https://v.example/simple',
      extraIndexes: ['https://w.example/simple', 'https://x.example/simple'],
      noIndex: true,
    })
  })
})
