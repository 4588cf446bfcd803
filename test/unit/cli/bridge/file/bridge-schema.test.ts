import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { BRIDGE_FILE } from '../../../../../src/cli/bridge/file/shape/bridge-file-shape.js';
import { bridgeSchemaText } from '../../../../../src/cli/bridge/file/shape/bridge-schema.js';
import { docsTables } from '../../../../../src/cli/bridge/file/shape/docs-table.js';
import { planOf, rightPlan, TWO_WAY } from '../../../../support/bridge-files.js';

const fileOf = (name: string) => readFileSync(new URL(`../../../../../${name}`, import.meta.url), 'utf8');
const AGAIN = 'the declaration has changed: npm run bridge-schema';

test('the JSON Schema of the package is what the declaration gives', () => {
  assert.equal(fileOf('bridge.schema.json'), bridgeSchemaText(), AGAIN);
});

test('the tables of docs/bridge.md are what the declaration gives', () => {
  const tables = /<!-- keys -->\n\n([\s\S]*)\n\n<!-- end of keys -->/.exec(fileOf('docs/bridge.md'))?.[1];
  assert.equal(tables, docsTables(BRIDGE_FILE), AGAIN);
});

test('the file that docs/bridge.md begins with is right', async () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(fileOf('docs/bridge.md'))?.[1] ?? '';
  const plan = await rightPlan(text, { environment: { CLOUD_PASSWORD: 'secret' } });
  assert.deepEqual([...plan.routes.keys()], ['up', 'down']);
  assert.deepEqual(plan.notes, []);
});

/** As an editor judges a file: by the schema alone, which is held to the letter of its own standard, too. */
const isValid = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(
  JSON.parse(fileOf('bridge.schema.json')),
);
const judged = (text: string) => ({ valid: isValid(parse(text)), errors: isValid.errors ?? [] });

test('by the JSON Schema every file of the documents is valid, with anchors merged or as they stand', () => {
  const blocks = [...fileOf('docs/bridge.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  assert.ok(blocks.length > 0);
  for (const text of [...blocks, TWO_WAY]) {
    assert.deepEqual(judged(text), { valid: true, errors: [] }, text);
    assert.ok(isValid(parse(text, { merge: true })), text);
  }
});

const MISTAKES: readonly (readonly [what: string, right: string, wrong: string])[] = [
  ['a key that is none', 'clientId: site7-up', 'clientID: site7-up'],
  ['a key that is missing', '    topic: site7/{topic}\n', ''],
  ['a key at the top that is none', 'brokers:', 'broker: {}\nbrokers:'],
  ['one text for a list', 'filters: [plant/#]', 'filters: plant/#'],
  ['an empty list', 'exclude: [plant/cmd/#]', 'exclude: []'],
  ['a word that is no choice', 'guarantee: at-least-once', 'guarantee: exactly-twice'],
  ['a number that is no choice', 'clientId: site7-up', 'clientId: site7-up\n    qos: 3'],
  ['a number that is too high', '    username: bridge', '    keepalive: 65536'],
  ['a word for a flag', 'clientId: site7-up', "clientId: site7-up\n    retain: 'yes'"],
  ['a name that is none', '  edge:\n', '  7 edges:\n'],
  ['a list for a broker', '    url: mqtts://cloud:8883', '    - mqtts://cloud:8883'],
  ['no routes', TWO_WAY.slice(TWO_WAY.indexOf('routes:')), 'routes: {}\n'],
];

for (const [what, right, wrong] of MISTAKES) {
  test(`by the JSON Schema ${what} is a mistake, as it is for the bridge`, async () => {
    assert.ok(TWO_WAY.includes(right));
    const text = TWO_WAY.replace(right, wrong);
    // what is merged in could have what is missing, for whoever reads the schema
    assert.equal(isValid(parse(text, { merge: true })), false, text);
    assert.ok(Array.isArray(await planOf(text)), text);
  });
}
