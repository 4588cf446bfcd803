import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';

for (const [what, publishes] of [
  ['behind the next message', true],
  ['at its end', false],
] as const) {
  test(`a directory that is removed under a bridge is told ${what}, and the exit code is 1`, LIMIT, async () => {
    const [from, to] = await Promise.all([startMosquitto(), startMosquitto()]);
    const witness = await startMosquittoSub({ port: to.port });
    const dir = join(tempDir('cli-store'), 'state');
    await using bridge = startCli([
      ...['bridge', '--from', from.url, '--topic', 'in/#', '--to', to.url, '--to-topic', '{topic}'],
      ...['--client-id', 'b', '--guarantee', 'exactly-once', '--dir', dir],
    ]);
    await bridge.waitForLine(/RUNNING/);
    await publishAll({ port: from.port, topic: 'in/x', qos: 2 }, ['1']);
    await witness.untilCount(1);
    rmSync(dir, { recursive: true });
    if (publishes) await publishAll({ port: from.port, topic: 'in/x', qos: 2 }, ['2']);
    else bridge.signal('SIGTERM');
    assert.deepEqual(await bridge.exited, { code: 1, signal: null }, bridge.stderr.join('\n'));
    assert.match(
      bridge.stderr.at(-1) ?? '',
      /failed: .*was removed while it was in use\. See who touches the directory/,
    );
  });
}
