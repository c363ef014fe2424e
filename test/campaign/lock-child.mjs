// One of those that take over a stale lock: waits for the moment, tries, and says how it went.
const { lockRun } = await import(process.env.LOCK_MODULE)
process.on('message', (at) => {
  while (Date.now() < at);
  try {
    const release = lockRun(process.env.LOCK_DIRECTORY)
    process.send('got')
    setTimeout(() => {
      release()
      process.exit()
    }, 300)
  } catch (error) {
    process.send(`${error.name}: ${error.message}`)
    process.exit()
  }
})
process.send('ready')
