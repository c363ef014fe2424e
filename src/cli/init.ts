import { type Command, Option } from 'commander'
import { initProject } from '../run/init/init.js'
import { newCommand } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Writes a small project: package.json, a recipe, a reward or task in TypeScript, and a README. It trains at once;
TypeScript needs no build step. Existing files stay; init refuses to replace them.

Examples (--example):
  reward    Countdown on the bundled policy, with a reward of your own (minutes on a laptop)
  task      a task of your own on the bundled policy (minutes on a laptop)
  smollm2   sums on SmolLM2-135M, with a reward of your own (tens of minutes, fetches 258 MB)

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
    .argument('[dir]', 'directory of the project', '.')
    .addOption(
      new Option('--example <name>', 'what the project begins with')
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
