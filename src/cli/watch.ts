import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { watchRuns } from '../report/live/server.js'
import { newCommand, numberOption } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { tokenDecoder } from './token-decoder.js'

const help = `
Serves live pages about runs until Ctrl-C: a list of runs, the curves of one run or of several, every completion by SQL, and
a completion token by token. It reads what a run writes and never changes it. A run that starts, stops, resumes, or is
copied in appears within a second.

Only this machine can open the pages, with the token in the URL. To look from elsewhere, forward the port with ssh.

Examples:
  $ isentrope watch
  $ isentrope watch runs/arithmetic --no-open
  $ isentrope watch runs /mnt/other-runs --port 8765
`

interface WatchFlags {
  port: number
  host: string
  open: boolean
  json?: boolean
}

export function watchCommand(io: Io = processIo): Command {
  return newCommand('watch', help)
    .argument('[dirs...]', 'run directories, or directories that contain runs (default: runs)')
    .option('--port <n>', 'port; 0: any free port', numberOption({ minimum: 0, maximum: 65_535, whole: true }), 0)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--no-open', 'do not open the browser')
    .option('--json', 'print {"url": ...} as the first line')
    .action(async (directories: string[], { port, host, open, json }: WatchFlags) => {
      const watch = await watchRuns({
        directories: directories.length > 0 ? directories : ['runs'],
        port,
        host,
        decoderOf: cached(tokenDecoder),
      })
      await print(io.stdout, json ? jsonLine({ url: watch.url }) : `${watch.url}\n`)
      if (host !== '127.0.0.1' && host !== 'localhost') {
        const forward = `ssh -L ${watch.port}:127.0.0.1:${watch.port} USER@HOST`
        await print(io.stderr, `from another machine: ${forward}\nthen open the URL above there\n`)
      }
      if (open && !json && hasDisplay()) openBrowser(watch.url)
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
      })
      await watch.close()
    })
}

/** Each model's tokenizer is read once, from this machine: a page that is opened downloads no model. */
function cached(load: typeof tokenDecoder): (model: string) => ReturnType<typeof tokenDecoder> {
  const known = new Map<string, ReturnType<typeof tokenDecoder>>()
  return (model) => {
    const found = known.get(model) ?? load(model, { offline: true })
    known.set(model, found)
    return found
  }
}

const hasDisplay = (): boolean =>
  process.platform === 'darwin' ||
  process.platform === 'win32' ||
  process.env.DISPLAY !== undefined ||
  process.env.WAYLAND_DISPLAY !== undefined

/** A browser that cannot be opened is no failure: the URL is printed. */
function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open']
  const child = spawn(command!, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
