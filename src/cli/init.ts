import { type Command, Option } from 'commander'
import { initProject } from '../run/init/init.js'
import { newCommand } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Writes a small project: package.json, a recipe, a reward or task in TypeScript, and a README. It is ready to train, and
TypeScript needs no build step. \`init\` never replaces an existing file.

Examples for --example:
  reward    Countdown with the bundled policy and your own reward (minutes on a laptop)
  task      your own task with the bundled policy (minutes on a laptop)
  smollm2   addition with SmolLM2-135M and your own reward (tens of minutes, fetches 258 MB)

  $ isentrope init my-policy
  $ isentrope init my-policy --example task
  $ cd my-policy && npm install && npm run train
`

interface InitFlags {
  example: 'reward' | 'task' | 'smollm2'
  json?: boolean
}

export function initCommand(io: Io = processIo): Command {
  return newCommand('init', help)
    .argument('[dir]', 'project directory', '.')
    .addOption(
      new Option('--example <name>', 'what the project starts with')
        .choices(['reward', 'task', 'smollm2'])
        .default('reward'),
    )
    .option('--json', 'print {"files": [...]}')
    .action(async (directory: string, { example, json }: InitFlags) => {
      const files = initProject(directory, example)
      if (json) return print(io.stdout, jsonLine({ files }))
      const enter = directory === '.' ? '' : `cd ${directory} && `
      const listed = files.map((file) => `  ${file}`).join('\n')
      await print(io.stdout, `wrote\n${listed}\n\nnext\n  ${enter}npm install && npm run train\n`)
    })
}
