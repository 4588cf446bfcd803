import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';
import { runCli, startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const BATCH = 500;
const BATCHES = 5;

const numbered = (count: number, from: number): string[] =>
  Array.from({ length: count }, (_, index) => String(from + index));

/** Its queue for a client that is away is the stock one: what comes beyond 1,000 messages is dropped, and its publisher is not told. */
const STOCK_QUEUE = { config: ['max_queued_messages 1000', 'max_inflight_messages 1000'] };

test(
  'an exactly-once bridge that is started again while its destination is away takes all that comes',
  LIMIT,
  async () => {
    const [from, to] = await Promise.all([
      startMosquitto({ persistence: true, ...STOCK_QUEUE }),
      startMosquitto({ persistence: true }),
    ]);
    const dir = tempDir('sink-away');
    const args = [
      ...['bridge', '--from', from.url, '--topic', 'in/#', '--to', to.url, '--to-topic', 'out/{topic}'],
      ...['--client-id', 'away', '--guarantee', 'exactly-once', '--dir', dir, '--stats', '--json'],
    ];
    const stored = (line: string): number => (JSON.parse(line) as { outbox?: number }).outbox ?? 0;
    const publish = (batch: number) =>
      publishAll({ port: from.port, topic: 'in/x', qos: 2 }, numbered(BATCH, batch * BATCH));

    await using first = startCli(args);
    await first.waitForLine(/RUNNING/);
    await to.stop();
    await publish(0);
    await until(() => first.stdout.some((line) => stored(line) === BATCH), {
      what: 'the outbox to have the first batch',
    });
    assert.equal((await first.end('SIGKILL')).signal, 'SIGKILL');

    await using again = startCli(args);
    const running = await again.waitForLine(/RUNNING/);
    assert.match(running, /sink "away" not connected yet: what is for it is stored/);
    const untilStored = (count: number) =>
      until(() => again.stdout.some((line) => stored(line) >= count), { what: `the outbox to have ${count}` });
    for (let batch = 1; batch <= BATCHES; batch += 1) {
      // no more than the queue of the broker holds may be behind, however slow the bridge is
      await untilStored(BATCH * (batch - 1));
      await publish(batch);
    }
    const total = BATCH * (BATCHES + 1);
    await untilStored(total);

    await to.start();
    const witness = await startMosquittoSub({ port: to.port, topic: 'out/#', qos: 2, clientId: 'witness' });
    await witness.untilCount(total);
    await until(() => again.stdout.some((line) => /"event":"sink-open"/.test(line)), { what: 'told that it is there' });
    assert.deepEqual(witness.texts, numbered(total, 0));
    assert.deepEqual(await again.end('SIGTERM'), { code: 0, signal: null });
    await Promise.all([from.stop(), to.stop()]);
  },
);

test('the very first start waits for the destination, and says that it is that which is away', LIMIT, async () => {
  const from = await startMosquitto();
  const nowhere = await startMosquitto();
  await nowhere.stop();
  const result = await runCli([
    ...['bridge', '--from', from.url, '--topic', 'in/#', '--to', nowhere.url, '--to-topic', 'out/{topic}'],
    ...['--client-id', 'wrong', '--guarantee', 'exactly-once', '--dir', tempDir('sink-wrong')],
    ...['--connect-timeout', '5'],
  ]);
  assert.equal(result.code, 1);
  assert.match(result.stderr.join('\n'), new RegExp(`${nowhere.port}`));
  assert.ok(!from.log.some((line) => /as wrong /.test(line)), 'the source was connected');
  await from.stop();
});
