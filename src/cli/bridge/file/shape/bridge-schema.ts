import { BRIDGE_FILE } from './bridge-file-shape.js';
import { jsonSchemaOf } from './json-schema.js';

/** The text of `bridge.schema.json`, which editors complete a bridge file by. */
export function bridgeSchemaText(): string {
  const about = { title: 'A bridge of Millrace, by file', description: 'What millrace bridge -c reads.' };
  return `${JSON.stringify(jsonSchemaOf(BRIDGE_FILE, about), undefined, 2)}\n`;
}
