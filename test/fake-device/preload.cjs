// Makes the engine look for a CUDA library where there is no driver.
const fs = require('node:fs')
const { existsSync } = fs
fs.existsSync = (path) => path === '/dev/nvidiactl' || existsSync(path)
require('node:module').syncBuiltinESMExports()
