import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { resolveClusterOptions } from '../../src/cluster/engine/cluster-options.js';
import { openNatsPlace } from '../../src/cluster/engine/nats-place.js';
import { NatsClient } from '../../src/nats/index.js';
import { onCleanup } from '../support/cleanup.js';
import { byDevice, counting, DEVICES, KeyedRig, upTo } from '../support/cluster/keyed-rig.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { NatsProxy } from '../support/nats/nats-proxy.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const skip = natsAbsence() ?? false;
const ROUNDS = 40;
const CUTS = 6;

describe('state by key over a NATS server', { skip, ...SUITE_LIMIT }, () => {
  it('counts each item once, in the order of its key, over connections that are cut in the middle of it', async () => {
    await using nats = await startNats();
    const [server] = nats.servers;
    assert.ok(server);
    const rig = await KeyedRig.start();
    const proxies = [await NatsProxy.start(server), await NatsProxy.start(server)];
    for (const proxy of proxies) {
      const options = { servers: proxy.url, dir: tempDir('node'), replicas: 1 };
      const place = await openNatsPlace(resolveClusterOptions(options, 'n'));
      const { job } = rig.node(counting(rig.broker, 'first'), {}, place);
      await job.whenRunning();
    }
    const sending = rig.send(ROUNDS);
    for (let cut = 1; cut <= CUTS; cut += 1) {
      await until(() => rig.seen.length >= (DEVICES * ROUNDS * cut) / (CUTS + 1));
      proxies[cut % 2]?.cutAll();
    }
    await sending;
    await until(() => rig.seen.length >= DEVICES * ROUNDS);
    // that it was connected each time, and is again
    assert.ok(proxies.every(({ cuts }) => cuts === CUTS / 2));
    const devices = byDevice(rig.seen);
    assert.equal(devices.size, DEVICES);
    for (const [device, { counts, numbers }] of devices) {
      assert.deepEqual(counts, upTo(ROUNDS, 1), device);
      assert.deepEqual(numbers, upTo(ROUNDS), device);
    }
  });

  it('goes on beside somebody who publishes to its subjects what is no message of it', async () => {
    await using nats = await startNats();
    const dropped: unknown[] = [];
    const listener = (data: unknown): void => void dropped.push(data);
    subscribe('millrace:edge-message-dropped', listener);
    onCleanup(() => void unsubscribe('millrace:edge-message-dropped', listener));
    const rig = await KeyedRig.start();
    const place = await openNatsPlace(
      resolveClusterOptions({ servers: [...nats.urls], dir: tempDir('node'), replicas: 1 }, 'n'),
    );
    const { job } = rig.node(counting(rig.broker, 'first'), {}, place);
    await job.whenRunning();
    const other = await NatsClient.open({ servers: nats.urls });
    onCleanup(() => other.close());
    const subjects = new Set<string>();
    const watch = other.connection.subscribe('mr.x.>', { callback: (_, { subject }) => void subjects.add(subject) });
    // what is published before the server knows of it is not seen
    await other.connection.flush();
    await rig.send(2);
    // rows to both partitions, and what the one that reads all of them is told
    await until(() => rig.seen.length >= DEVICES * 2 && subjects.size >= 3);
    watch.unsubscribe();
    for (const subject of subjects)
      for (const junk of [Buffer.of(9, 9), Buffer.alloc(600_000, 'x'), Buffer.from('hello')])
        other.publish(subject, junk);
    await other.connection.flush();
    await until(() => dropped.length >= subjects.size);
    await rig.send(ROUNDS, 2);
    await until(() => rig.seen.length >= DEVICES * (ROUNDS + 2));
    assert.equal(job.status, 'RUNNING');
    for (const [device, { counts }] of byDevice(rig.seen)) assert.deepEqual(counts, upTo(ROUNDS + 2, 1), device);
  });
});
