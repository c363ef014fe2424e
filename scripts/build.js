// Compiles src/ into dist/. Runs by itself after `npm ci` (the `prepare` script), so a checkout is ready to use.
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
rmSync(join(root, 'dist'), { recursive: true, force: true })
execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit', cwd: root })
// What the compiler does not carry over: the style and the scripts that reports put into their pages.
const assets = join('report', 'html', 'assets')
cpSync(join(root, 'src', assets), join(root, 'dist', assets), { recursive: true })
