/**
 * Looks for a LibTorch that the user already has: one they name, the active virtual environment's, the active conda
 * environment's, and that of a Python on the path. Python itself only tells where its torch lies; nothing of it is imported.
 * One that is named must work. One that merely lies there and is too old or broken is passed over.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../../base/errors.js'
import { librariesIn, type TorchInstall } from './libraries.js'
import { atLeast } from './platform.js'
import { TORCH_VERSION } from './table.js'
import { knownLoadProblem } from './trial.js'

/** A torch that was found and cannot be used. */
export interface PassedOver {
  version: string
  /** Its torch/lib directory. */
  path: string
  /** Why not, as the end of a sentence: `is older than 2.11`. */
  reason: string
}

export interface Located {
  install?: TorchInstall
  passedOver: PassedOver[]
}

export interface LocateOptions {
  /** Overrides ISENTROPE_TORCH. */
  path?: string
  env?: NodeJS.ProcessEnv
  /** Why an installation does not load, undefined where it does; tests put their own here. */
  loadProblem?: (install: Omit<TorchInstall, 'source'>) => Promise<string | undefined>
}

/** As ISENTROPE_TORCH: look for no torch of the user's own. */
const PINNED = 'pinned'

/** The first release whose stable ABI has what the engine calls. */
const OLDEST: [number, number] = [2, 11]

/** The user's own LibTorch, if there is one. Throws UserError where one was named and will not do. */
export async function locateTorch(options: LocateOptions = {}): Promise<Located> {
  const { path: named, env = process.env, loadProblem = knownLoadProblem } = options
  const setting = named || env.ISENTROPE_TORCH
  if (setting === PINNED) return { passedOver: [] }
  if (setting) return { install: namedTorch(path.resolve(setting)), passedOver: [] }

  const passedOver: PassedOver[] = []
  const accept = async (libDirs: string[], source: TorchInstall['source']): Promise<TorchInstall | undefined> => {
    for (const libDir of libDirs) {
      const found = librariesIn(libDir)
      if (!found || passedOver.some((each) => each.path === found.libDir)) continue
      const reason = atLeast(found.version, OLDEST)
        ? await loadProblem(found).then((problem) => problem && `does not load: ${problem}`)
        : `is older than ${OLDEST.join('.')}`
      if (!reason) return { ...found, source }
      passedOver.push({ version: found.version, path: found.libDir, reason })
    }
    return undefined
  }
  const environments: [string | undefined, TorchInstall['source']][] = [
    [env.VIRTUAL_ENV, 'virtualenv'],
    [env.CONDA_PREFIX, 'conda'],
  ]
  for (const [prefix, source] of environments) {
    const install = prefix ? await accept(libDirsUnder(prefix), source) : undefined
    if (install) return { install, passedOver }
  }
  for (const torch of await Promise.all(pythonsOnPath(env).map((python) => torchOf(python, env)))) {
    const install = torch ? await accept([path.join(torch, 'lib')], 'python') : undefined
    if (install) return { install, passedOver }
  }
  return { passedOver }
}

function namedTorch(directory: string): TorchInstall {
  const install = [
    directory,
    path.join(directory, 'lib'),
    path.join(directory, 'torch', 'lib'),
    ...libDirsUnder(directory),
  ]
    .map((libDir) => librariesIn(libDir))
    .find((found) => found !== undefined)
  if (!install)
    throw new UserError(`No LibTorch in ${directory}`, {
      hint:
        'ISENTROPE_TORCH names a site-packages directory with torch in it, the torch package, its lib directory, or ' +
        `"${PINNED}" for the version that is fetched.`,
    })
  if (!atLeast(install.version, OLDEST))
    throw new UserError(
      `LibTorch ${install.version} in ${install.libDir} is not supported: ${OLDEST.join('.')} or later is needed`,
      {
        hint: `Name a newer one in ISENTROPE_TORCH, or set it to "${PINNED}" and ${TORCH_VERSION} is fetched.`,
      },
    )
  return { ...install, source: 'setting' }
}

/** The torch/lib directories that an environment with this prefix would have. */
function libDirsUnder(prefix: string): string[] {
  if (process.platform === 'win32') return [path.join(prefix, 'Lib', 'site-packages', 'torch', 'lib')]
  return ['lib', 'lib64'].flatMap((lib) =>
    entriesOf(path.join(prefix, lib))
      .filter((name) => /^python\d/.test(name))
      .map((python) => path.join(prefix, lib, python, 'site-packages', 'torch', 'lib')),
  )
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Pythons in the order of the path; names of the same program count once. */
function pythonsOnPath(env: NodeJS.ProcessEnv): string[] {
  const windows = process.platform === 'win32'
  const directories = (env.PATH ?? env.Path ?? '')
    .split(path.delimiter)
    .filter((directory) => path.isAbsolute(directory))
  const pythons = new Map<string, string>()
  for (const name of windows ? ['python3.exe', 'python.exe'] : ['python3', 'python'])
    for (const directory of directories) {
      const file = path.join(directory, name)
      // macOS and Windows put programs there that offer to install Python instead of being one.
      if ((process.platform === 'darwin' && directory === '/usr/bin') || (windows && /WindowsApps/i.test(directory)))
        continue
      if (!isProgram(file)) continue
      // Not resolved further: a virtual environment's python is a link to another, and differs from it.
      const identity = path.join(realpathSync(directory), path.basename(realpathSync(file)))
      if (!pythons.has(identity)) pythons.set(identity, file)
      break
    }
  return [...pythons.values()]
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

// Relative entries of the search path would make the result depend on the working directory.
const ASK = `
import importlib.util, json, os, sys
sys.path = [p for p in sys.path if os.path.isabs(p)]
spec = importlib.util.find_spec('torch')
print(json.dumps(list(spec.submodule_search_locations or []) if spec else []))`

/** The torch package's directory as a Python sees it; undefined where it has none or does not answer. */
async function torchOf(python: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', ASK], { timeout: 10_000, env, windowsHide: true })
    const [directory] = JSON.parse(stdout) as string[]
    return directory
  } catch {
    return undefined
  }
}
