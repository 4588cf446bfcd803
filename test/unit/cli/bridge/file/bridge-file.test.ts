import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBridgeFile } from '../../../../../src/cli/bridge/file/read/read-bridge-file.js';
import { replaceVariables } from '../../../../../src/cli/bridge/file/read/replace-variables.js';
import { ENVIRONMENT, problemsOf, rightPlan, TWO_WAY } from '../../../../support/bridge-files.js';
import { tempDir } from '../../../../support/temp-dir.js';

const routeOf = async (...given: Parameters<typeof rightPlan>) => {
  const [route] = (await rightPlan(...given)).routes.values();
  assert.ok(route);
  return route;
};

/** The two-way bridge with something else in it. */
const withText = (from: string | RegExp, to: string): string => {
  const changed = TWO_WAY.replace(from, () => to);
  assert.notEqual(changed, TWO_WAY);
  return changed;
};

test('a file has several routes, in both directions, with comments, an anchor and what it merges', async () => {
  const plan = await rightPlan(TWO_WAY);
  assert.deepEqual([...plan.routes.keys()], ['up', 'down']);
  const { options } = await routeOf(TWO_WAY);
  assert.deepEqual(
    [options.from.url, options.to.url, options.from.username],
    ['mqtt://edge:1883', 'mqtts://cloud:8883', 'bridge'],
  );
  assert.deepEqual(
    [options.qos, options.guarantee, options.retain, options.onError],
    [1, 'at-least-once', true, 'fail'],
  );
  assert.equal(options.template.fill('plant/a'), 'site7/plant/a');
  assert.deepEqual(plan.notes, []);
});

test('a variable is replaced in the value alone: what looks like YAML in it is text', async () => {
  const password = 'a: b\n  url: mqtt://evil #{[';
  const { options } = await routeOf(TWO_WAY, { environment: { EDGE_PASSWORD: password } });
  assert.equal(options.from.password, password);
  assert.equal(options.from.url, 'mqtt://edge:1883');
});

test('variables have defaults, make numbers and flags, and can be written as they are', async () => {
  const text = withText(
    'clientId: site7-up',
    'clientId: $${x}-${SITE:-seven}-${EMPTY:-e}\n    qos: ${QOS:-2}\n    retain: ${RETAIN}',
  );
  const { options } = await routeOf(text, { environment: { ...ENVIRONMENT, RETAIN: 'false' } });
  assert.deepEqual([options.clientId, options.qos, options.retain], ['${x}-seven-e', 2, false]);
  assert.deepEqual(replaceVariables('$SYS/${A', { A: '1' }), {
    code: 'wrong-value',
    message: 'must have variables as ${NAME} or ${NAME:-default}, and ${ itself as $${',
  });
  const large = replaceVariables('${A}', { A: 'x'.repeat(65_537) });
  assert.equal('code' in large && large.code, 'too-large');
  const found = replaceVariables('${A}', { A: '${B}', B: '2' });
  assert.deepEqual(found, { text: '${B}', replaced: true });
});

for (const [what, text, expected] of [
  [
    'a key that is none, with the one that was meant',
    withText('clientId: site7-up', 'clientID: site7-up'),
    [
      'bridge.yaml:13:5: routes.up: clientId is missing [missing-key]',
      'bridge.yaml:19:5: routes.up: clientID is no key here, did you mean clientId? [unknown-key]',
    ],
  ],
  [
    'a word that is none',
    withText('guarantee: at-least-once', 'guarantee: at-least-onec'),
    [
      'bridge.yaml:3:14: routes.up.guarantee: must be none, at-least-once or exactly-once, did you mean at-least-once? [wrong-value]',
      'bridge.yaml:3:14: routes.down.guarantee: must be none, at-least-once or exactly-once, did you mean at-least-once? [wrong-value]',
    ],
  ],
  [
    'a broker that is none',
    withText('from: edge', 'from: egde'),
    [
      'bridge.yaml:14:11: routes.up.from: must be the name of a broker of the file: edge or cloud, did you mean edge? [unknown-name]',
    ],
  ],
  [
    'a variable that is not set',
    withText('mqtts://cloud:8883', 'mqtts://${CLOUD}'),
    ['bridge.yaml:10:10: brokers.cloud.url: the environment variable CLOUD is not set [unset-variable]'],
  ],
  [
    'a number that is none',
    withText('username: bridge', 'username: bridge\n    keepalive: 1.5'),
    ['bridge.yaml:8:16: brokers.edge.keepalive: must be a whole number from 0 to 65535 [wrong-value]'],
  ],
  [
    'a value that is missing',
    withText('username: bridge', 'username:'),
    ['bridge.yaml:7:14: brokers.edge.username: is empty: it must be a text [wrong-type]'],
  ],
  [
    'a filter that is none',
    withText('plant/#]', 'plant/#/x]'),
    [
      'bridge.yaml:16:15: routes.up.filters[0]: must be a topic filter: # stands alone in the last level [MQTT-4.7.1-1] [wrong-value]',
    ],
  ],
  [
    'a key that is there twice',
    withText('username: bridge', 'username: bridge\n    username: other'),
    ['bridge.yaml:8:5: this key stands here twice [duplicate-key]'],
  ],
  [
    'exactly-once without a directory',
    withText('guarantee: at-least-once', 'guarantee: exactly-once'),
    [
      'bridge.yaml:3:14: routes.up.guarantee: exactly-once needs dir, at the top of the file [conflict]',
      'bridge.yaml:3:14: routes.down.guarantee: exactly-once needs dir, at the top of the file [conflict]',
    ],
  ],
  [
    'a bound of no outbox',
    withText('clientId: site7-up', 'clientId: site7-up\n    maxOutboxMessages: 10'),
    ['bridge.yaml:20:24: routes.up.maxOutboxMessages: only a route with exactly-once stores messages [conflict]'],
  ],
  [
    'a bound that lets nothing pass',
    withText('clientId: site7-up', 'clientId: site7-up\n    maxOutboxBytes: 0'),
    ['bridge.yaml:20:21: routes.up.maxOutboxBytes: must be a whole number from 1 to 1000000000000 [wrong-value]'],
  ],
  [
    'one client id at one broker in two routes',
    withText('to: edge', 'to: cloud').replace('from: cloud', 'from: edge').replace('site7-down', 'site7-up'),
    ['bridge.yaml:27:15: routes.down.clientId: route up has the same clientId at the same place [conflict]'],
  ],
  [
    'a password without a user',
    withText('    username: bridge\n', ''),
    ['bridge.yaml:5:3: brokers.edge: the password belongs to nobody: give username [conflict]'],
  ],
  [
    'tls for a broker without',
    withText('username: bridge', 'username: bridge\n    tls:\n      servername: x'),
    ['bridge.yaml:9:7: brokers.edge.tls: tls needs an mqtts or wss url [conflict]'],
  ],
  [
    'a loop over two routes',
    withText('[plant/cmd/#]', '[other/#]')
      .replace('plant/cmd/{level.3}', 'plant/{level.2}/{level.3}')
      .replace('site7/{topic}', 'site7/cmd/x'),
    [
      'bridge.yaml:18:12: routes.up.topic: what it publishes comes back for ever: up → down → up. Let the topic lead out of the filters, or into an exclude [loop]',
      'bridge.yaml:26:12: routes.down.topic: what it publishes comes back for ever: down → up → down. Let the topic lead out of the filters, or into an exclude [loop]',
    ],
  ],
] as const) {
  test(`${what}: told with line, column, path and code`, async () => {
    assert.deepEqual(await problemsOf(text), expected);
  });
}

test('no value under a secret key is repeated, whatever is wrong with it or beside it', async () => {
  const secret = 'sW0rdf1sh';
  const wrong = [
    withText('password: ${EDGE_PASSWORD}', `password: [${secret}]`),
    withText('password: ${EDGE_PASSWORD}', `password: {${secret}: ${secret}}`),
    withText('password: ${EDGE_PASSWORD}', `password:${secret}`),
    withText('password: ${EDGE_PASSWORD}', `password: \${${secret}`),
    withText('password: ${EDGE_PASSWORD}', `passwort: ${secret}`),
    withText('password: ${EDGE_PASSWORD}', `password: "${secret}\\q"`),
    withText('password: ${EDGE_PASSWORD}', `password: &p ${secret}`).replace('[plant/#]', '[*p, *p]'),
    withText('password: ${EDGE_PASSWORD}', `password: &p ${secret}#`).replace('plant/cmd/{level.3}', '*p'),
    withText('url: mqtts://cloud:8883', `"password:${secret}": x\n    url: mqtts://cloud:8883`),
    withText('mqtt://edge:1883', `mqtt://u:${secret}@edge:x`),
    withText('from: edge', `from: mqtt://u:${secret}@edge`),
  ];
  for (const text of wrong) {
    const problems = await problemsOf(text);
    assert.notEqual(problems.length, 0, text);
    assert.doesNotMatch(problems.join('\n'), /sW0rdf1sh/);
  }
});

test('a secret in a file that others may read is told, one from the environment is not', async () => {
  const text = withText('mqtts://cloud:8883', 'mqtts://u:p@cloud:8883');
  const plan = await rightPlan(text, { readByOthers: true });
  assert.deepEqual(plan.notes, [
    'brokers.cloud.url: other users can read the secret in the file: chmod 600, or take it from the environment or a file of its own',
  ]);
  assert.deepEqual((await rightPlan(text)).notes, []);
});

test('a password of a file is its text, relative to the bridge file; one that others may read is told', async () => {
  const folder = tempDir('bridge-file');
  writeFileSync(join(folder, 'secret'), 'pass word\n', { mode: 0o644 });
  chmodSync(join(folder, 'secret'), 0o644);
  const text = withText('password: ${EDGE_PASSWORD}', 'passwordFile: secret');
  const plan = await rightPlan(text, { folder });
  assert.equal(plan.routes.get('up')?.options.from.password, 'pass word');
  assert.deepEqual(plan.notes, ['brokers.edge.passwordFile: other users can read that file: chmod 600']);
  assert.deepEqual(await problemsOf(text), [
    'bridge.yaml:8:19: brokers.edge.passwordFile: the file cannot be read: no such file [unreadable]',
  ]);
});

test('what is no file, too large or no UTF-8 is told', async () => {
  const folder = tempDir('bridge-file');
  const problemOf = async (path: string) => {
    const read = await readBridgeFile(path, {});
    return 'file' in read ? [] : read.map(({ code, message }) => [code, message]);
  };
  mkdirSync(join(folder, 'folder'));
  symlinkSync('/dev/zero', join(folder, 'endless'));
  writeFileSync(join(folder, 'large'), 'a'.repeat(256 * 1024 + 1));
  writeFileSync(join(folder, 'latin'), Buffer.from([0xe9, 0x3a]));
  assert.deepEqual(await problemOf(join(folder, 'none')), [['unreadable', 'the file cannot be read: no such file']]);
  for (const name of ['folder', 'endless'])
    assert.deepEqual(await problemOf(join(folder, name)), [
      ['unreadable', 'the file cannot be read: it is no regular file'],
    ]);
  assert.deepEqual(await problemOf(join(folder, 'large')), [['too-large', 'a file has at most 256 KiB']]);
  assert.deepEqual(await problemOf(join(folder, 'latin')), [['unreadable', 'the file cannot be read: it is no UTF-8']]);
});
