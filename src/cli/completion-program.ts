import { bash, fish, zsh } from './completion-scripts.js'
import { commandWords } from './completion-words.js'
import { wholeProgram } from './program.js'

const scripts = { bash, zsh, fish }

/** The script of a shell from the command tree, for which every command is loaded. */
export async function completionScript(shell: keyof typeof scripts): Promise<string> {
  const program = await wholeProgram()
  return scripts[shell](program.name(), commandWords(program))
}
