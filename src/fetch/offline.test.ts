import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { networkOff } from './offline.js'

beforeEach(() => {
  vi.stubEnv('ISENTROPE_OFFLINE', undefined)
  vi.stubEnv('HF_HUB_OFFLINE', undefined)
})
afterEach(() => void vi.unstubAllEnvs())

it('ISENTROPE_OFFLINE forbids all of the network, HF_HUB_OFFLINE the hub', () => {
  expect([networkOff('hub'), networkOff('index')]).toEqual([undefined, undefined])
  vi.stubEnv('HF_HUB_OFFLINE', 'yes')
  expect(networkOff('hub')).toEqual({ by: 'HF_HUB_OFFLINE', undo: 'unset HF_HUB_OFFLINE' })
  expect(networkOff('index')).toBeUndefined()
  vi.stubEnv('ISENTROPE_OFFLINE', '1')
  for (const server of ['hub', 'index'] as const) expect(networkOff(server)).toMatchObject({ by: 'ISENTROPE_OFFLINE' })
})

it.each(['', '0', 'false', 'no', 'off'])('%j switches nothing off', (value) => {
  vi.stubEnv('ISENTROPE_OFFLINE', value)
  expect(networkOff('hub')).toBeUndefined()
})

it("a caller's word goes before the environment", () => {
  expect(networkOff('index', true)).toMatchObject({ by: "the caller's offline: true" })
  vi.stubEnv('ISENTROPE_OFFLINE', '1')
  expect(networkOff('index', false)).toBeUndefined()
})
