import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { startChild } from '../support/child-process.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const PAGE = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

/** The bridges of the page, in its order, as the words of a shell: it has no quotes within words. */
function bridgesOf(page: string): readonly (readonly string[])[] {
  const blocks = [...page.matchAll(/```sh\n([^`]*)```/g)].map(([, block = '']) => block.replaceAll('\\\n', ' '));
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('millrace bridge '));
  return lines.map((line) =>
    line
      .split(/\s+/)
      .slice(1)
      .map((word) => word.replace(/^'(.*)'$/, '$1')),
  );
}

/** A line of the page with the brokers and the folders that there are here. */
const here = (words: readonly string[], [edge, cloud]: readonly [Mosquitto, Mosquitto], state: string) =>
  words.map((word) =>
    word.replace('mqtt://edge:1883', edge.url).replace('mqtts://cloud:8883', cloud.url).replace('/var/lib', state),
  );

test(
  'the bridges of docs/cli.md run as typed, in the order of the page, and lose nothing from one to the next',
  LIMIT,
  async () => {
    const lines = bridgesOf(PAGE);
    assert.ok(lines.length >= 3, 'they are found');
    const brokers = await Promise.all([startMosquitto(), startMosquitto()]);
    const witness = await startMosquittoSub({ port: brokers[1].port, topic: 'site7/#' });
    const state = tempDir('cli-document');
    for (const [index, line] of lines.entries()) {
      await using bridge = startCli(here(line, brokers, state), { BRIDGE_PASSWORD: 'x' });
      await bridge.waitForLine(/RUNNING/);
      await publishAll({ port: brokers[0].port, topic: 'plant/x', qos: 2 }, [`while ${index}`]);
      await until(() => witness.texts.includes(`while ${index}`));
      assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null }, bridge.stderr.join('\n'));
      // for the session of the first alone, which the last takes over
      if (index === 0) await publishAll({ port: brokers[0].port, topic: 'plant/x', qos: 2 }, ['between']);
    }
    assert.equal(witness.texts.filter((text) => text === 'between').length, 1, witness.texts.join());
  },
);

for (const [what, command, args] of [
  ['node_modules/.bin/millrace', 'node_modules/.bin/millrace', []],
  ["npx -c 'exec millrace …'", 'npx', ['-c']],
] as const) {
  test(`a SIGTERM to ${what} drains the bridge`, LIMIT, async () => {
    const dir = tempDir('supervised');
    const { main } = await buildOnce();
    await mkdir(join(dir, 'node_modules/.bin'), { recursive: true });
    const bin = `#!/usr/bin/env node\nimport('${pathToFileURL(main).href}');\n`;
    await writeFile(join(dir, 'node_modules/.bin/millrace'), bin, { mode: 0o755 });
    const [from, to] = await Promise.all([startMosquitto(), startMosquitto()]);
    const line = [
      'bridge',
      '--from',
      from.url,
      '--topic',
      'in',
      '--to',
      to.url,
      '--to-topic',
      'out',
      '--client-id',
      'b',
    ];
    const full = args.length === 0 ? line : [...args, `exec millrace ${line.join(' ')}`];
    await using bridge = startChild(command, full, { cwd: dir });
    await bridge.waitForLine(/RUNNING/);
    assert.equal((await bridge.end('SIGTERM')).code, 0);
    assert.match(bridge.stderr.join('\n'), /stopped by SIGTERM/);
  });
}
