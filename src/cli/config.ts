import { type Command, Option } from 'commander'
import { recipeJsonSchema } from '../base/schema/json-schema.js'
import { recipeSchema } from '../recipe/schema.js'
import { sftSchema } from '../recipe/sft-recipe.js'
import { newCommand } from './command.js'
import { configMarkdown, configText, sftPage, trainPage } from './config-text.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Explains every key of a recipe with its type, default, and meaning, or only KEY.

Editors check and complete recipes whose first line names the schema that comes with isentrope:
  # yaml-language-server: $schema=./node_modules/isentrope/dist/recipe.schema.json

Examples:
  $ isentrope config
  $ isentrope config entropy
  $ isentrope config train.updatesPerBatch
  $ isentrope config --sft data
`

interface ConfigFlags {
  sft?: boolean
  markdown?: boolean
  jsonSchema?: boolean
}

export function configCommand(io: Io = processIo): Command {
  return newCommand('config', help)
    .argument('[key]', 'a key or section, for example entropy or train.lr')
    .option('--sft', 'explain recipes of `isentrope sft`')
    .addOption(new Option('--markdown', 'print a Markdown page').conflicts('jsonSchema'))
    .option('--json-schema', 'print JSON Schema')
    .action(async (key: string | undefined, flags: ConfigFlags) => {
      const schema = flags.sft ? sftSchema : recipeSchema
      if (flags.jsonSchema) await print(io.stdout, jsonLine(recipeJsonSchema(schema)))
      else if (flags.markdown) await print(io.stdout, configMarkdown(schema, flags.sft ? sftPage : trainPage))
      else await print(io.stdout, configText(key, io.stdout.columns ?? 100, schema))
    })
}
