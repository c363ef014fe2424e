/** The trackers as a table for the docs. */
import { z } from 'zod'
import { schemaEntries } from '../base/schema/entries.js'
import { trackers } from './index.js'
import type { Tracker } from './tracker.js'

/** The table of docs/training.md. */
export function trackerTable(): string {
  const rows = (trackers as readonly Tracker[]).map(({ name, summary, options }) => {
    const texts = schemaEntries(z.strictObject(options)).map(
      ({ path, description, default: value }) =>
        `\`${path}\`${value === undefined ? '' : ` (${value})`}: ${description}`,
    )
    return `| \`${name}\` | ${summary} | ${texts.join(' ') || 'none'} |`
  })
  return ['| Name | Where the numbers go | Options |', '|---|---|---|', ...rows].join('\n')
}
