// One of those that take over a stale lock: waits for the moment, tries, and says how it went.
const { lockRun } = await import(process.env.LOCK_MODULE)
process.once('message', (at) => {
  while (Date.now() < at);
  try {
    const release = lockRun(process.env.LOCK_DIRECTORY)
    // Held until all have tried: a process that starts late must find it held.
    process.once('message', () => {
      release()
      process.exit()
    })
    process.send('got')
  } catch (error) {
    process.send(`${error.name}: ${error.message}`)
    process.exit()
  }
})
process.send('ready')
