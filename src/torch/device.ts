/** Devices by name, `cpu`, `cuda`, `cuda:1` or `mps`, and LibTorch's numbering of their types. */
import { UserError } from '../base/errors.js'

export interface Device {
  type: 'cpu' | 'cuda' | 'mps'
  index: number
}

const typeCodes = { cpu: 0, cuda: 1, mps: 13 } as const

export const cpu: Device = { type: 'cpu', index: 0 }

export const deviceTypeCode = (device: Device): number => typeCodes[device.type]

export function parseDevice(text: string): Device {
  const match = /^(cpu|cuda|mps)(?::(\d+))?$/.exec(text)
  if (!match) throw new UserError(`unknown device "${text}"`, { hint: 'use cpu, cuda, cuda:N or mps' })
  return { type: match[1] as Device['type'], index: Number(match[2] ?? 0) }
}

export function deviceOfCode(type: number, index: number): Device {
  for (const [name, code] of Object.entries(typeCodes)) {
    if (code === type) return { type: name as Device['type'], index: Math.max(index, 0) }
  }
  throw new Error(`LibTorch device type ${type} has no counterpart here`)
}

export const deviceName = (device: Device): string => (device.type === 'cuda' ? `cuda:${device.index}` : device.type)

export const sameDevice = (a: Device, b: Device): boolean => a.type === b.type && a.index === b.index
