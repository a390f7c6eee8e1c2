import { configJsonSchema } from '../config/schema/schema.ts';
import { type CommonOptions, type Console, exitCodes, printJson } from './common/console.ts';

/** `watership schema`: the file `deploy/watership.schema.json`, for editors. */
export async function schemaCommand(console: Console, _options: CommonOptions): Promise<number> {
  printJson(console, configJsonSchema());
  return exitCodes.ok;
}
