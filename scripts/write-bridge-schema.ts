/*
 * npm run bridge-schema: writes what follows from the declaration of the bridge file (`src/cli/bridge/file/shape`): its JSON Schema, and its
 * tables in docs/bridge.md. A test holds both to it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BRIDGE_FILE } from '../src/cli/bridge/file/shape/bridge-file-shape.js';
import { bridgeSchemaText } from '../src/cli/bridge/file/shape/bridge-schema.js';
import { docsTables } from '../src/cli/bridge/file/shape/docs-table.js';

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const docs = pathOf('docs/bridge.md');
const keys = /(?<=<!-- keys -->\n)[\s\S]*(?=<!-- end of keys -->)/;

writeFileSync(pathOf('bridge.schema.json'), bridgeSchemaText());
const text = readFileSync(docs, 'utf8');
if (!keys.test(text)) throw new Error('docs/bridge.md has no place for the tables');
writeFileSync(
  docs,
  text.replace(keys, () => `\n${docsTables(BRIDGE_FILE)}\n\n`),
);
