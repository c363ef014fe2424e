import { type Command, Option } from 'commander'
import { recipeJsonSchema } from '../base/schema/json-schema.js'
import { recipeSchema } from '../recipe/schema.js'
import { sftSchema } from '../recipe/sft-recipe.js'
import { newCommand } from './command.js'
import { configMarkdown, configText, sftPage, trainPage } from './config-text.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Without options, prints every key of a recipe with its type, default and meaning; with KEY only that key or section.
--markdown prints the same as a page, --json-schema as JSON Schema: for editors, put a line like
  # yaml-language-server: $schema=recipe.schema.json
on top of a recipe after \`isentrope config --json-schema > recipe.schema.json\`.

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
    .argument('[key]', 'a key or section, e.g. entropy or train.lr')
    .option('--sft', 'the recipe of `isentrope sft` instead of that of `isentrope train`')
    .addOption(new Option('--markdown', 'as a Markdown page').conflicts('jsonSchema'))
    .option('--json-schema', 'as JSON Schema')
    .action(async (key: string | undefined, flags: ConfigFlags) => {
      const schema = flags.sft ? sftSchema : recipeSchema
      if (flags.jsonSchema) await print(io.stdout, jsonLine(recipeJsonSchema(schema)))
      else if (flags.markdown) await print(io.stdout, configMarkdown(schema, flags.sft ? sftPage : trainPage))
      else await print(io.stdout, configText(key, io.stdout.columns ?? 100, schema))
    })
}
