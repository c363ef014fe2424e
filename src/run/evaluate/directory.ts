/**
 * An evaluation on disk:
 *
 *   eval.json                     what is evaluated and how; written first, and what --resume must agree with
 *   problems/MODEL-DATA.jsonl     finished problems with their completions, a line each, as they are finished
 *   results.json                  figures; equal for equal settings, so no times are in it
 *   responses.parquet             one row a response
 *   environment.json              when and on what it ran
 *   report.html
 *
 * results.json appears when everything is there.
 */
import { join } from 'node:path'

export interface EvalPaths {
  directory: string
  settings: string
  problems: string
  results: string
  responses: string
  environment: string
  report: string
}

export function evalPaths(directory: string): EvalPaths {
  return {
    directory,
    settings: join(directory, 'eval.json'),
    problems: join(directory, 'problems'),
    results: join(directory, 'results.json'),
    responses: join(directory, 'responses.parquet'),
    environment: join(directory, 'environment.json'),
    report: join(directory, 'report.html'),
  }
}

/** Finished problems of the `model`th model on the data set `data`. */
export const journalPath = ({ problems }: EvalPaths, model: number, data: string): string =>
  join(problems, `${model + 1}-${data.replace(/[^\w.-]+/g, '_')}.jsonl`)
