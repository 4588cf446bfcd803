import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NatsClient } from '../../src/nats/index.js';
import { JetStreamLogs } from '../../src/store/jetstream/jetstream-logs.js';
import type { LogEntry, PartitionLog } from '../../src/store/log/partition-log.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { type AckFate, NatsProxy } from '../support/nats/nats-proxy.js';
import { natsAbsence, natsServersHere } from '../support/nats/nats-servers-here.js';
import { rejectsWith } from '../support/rejects-with.js';

const skip = natsAbsence() ?? false;
/** One message, and a batch of three. */
const SIZES = [100, 1_200_000] as const;

const openLog = async (url: string): Promise<PartitionLog> => {
  const client = await NatsClient.open({ servers: url });
  onCleanup(() => client.close());
  return new JetStreamLogs({ client, replicas: 1 }).open('job', 0);
};

const recordOf = (number: number, size: number): Buffer => Buffer.alloc(size, `${number} `);

const assertHas = async (log: PartitionLog, expected: readonly LogEntry[]): Promise<void> => {
  const found: LogEntry[] = [];
  for await (const entry of log.read(0, expected.at(-1)?.seq ?? 0)) found.push(entry);
  const shown = (entries: readonly LogEntry[]) =>
    entries.map(({ seq, record }) => `${seq}: ${Buffer.from(record.subarray(0, 8))}`);
  assert.deepEqual(shown(found), shown(expected));
  assert.equal((await log.last())?.seq, expected.at(-1)?.seq);
};

describe('PL1, PL2: a record whose acknowledgement is lost is in once, at its place', { skip }, () => {
  const fates: readonly (readonly [string, AckFate])[] = [
    ['never comes', 'drop'],
    ['comes when the record was published again', { delayMs: 1_500 }],
    ['comes twice', 'twice'],
    ['is lost with the connection', 'cut'],
  ];
  for (const program of natsServersHere()) {
    for (const [name, fate] of fates) {
      it(`${program.version}: it ${name}`, LIMIT, async () => {
        await using nats = await startNats({ program });
        const proxy = await NatsProxy.start(nats.servers[0] ?? { port: 0 });
        const log = await openLog(proxy.url);
        proxy.decide((number) => (number % 3 === 1 ? fate : 'pass'));
        const entries: LogEntry[] = [];
        for (let number = 0; number < 6; number += 1) {
          const record = recordOf(number, SIZES[number % 2] ?? 0);
          entries.push({ seq: await log.append(record, entries.at(-1)?.seq ?? 0), record });
        }
        assert.ok(proxy.faults >= 2, `${proxy.faults} faults`);
        await assertHas(await openLog(nats.servers[0]?.url ?? ''), entries);
      });
    }
  }
});

describe('PL1: of a record that is on its way', { skip }, () => {
  for (const program of natsServersHere()) {
    for (const size of SIZES) {
      const title = `${program.version}, ${size} bytes`;
      it(`${title}: nothing gets in when somebody else has taken its place meanwhile`, LIMIT, async () => {
        await using nats = await startNats({ program });
        const server = nats.servers[0] ?? { port: 0, url: '' };
        const proxy = await NatsProxy.start(server);
        const [former, owner] = [await openLog(proxy.url), await openLog(server.url)];
        const first = { seq: await former.append(recordOf(1, 50), 0), record: recordOf(1, 50) };
        const release = proxy.hold();
        const late = rejectsWith('STORE_FENCED', former.append(recordOf(2, size), first.seq));
        await proxy.held();
        const second = { seq: await owner.append(recordOf(3, 50), first.seq), record: recordOf(3, 50) };
        release();
        await late;
        await assertHas(owner, [first, second]);
      });

      it(`${title}: one copy gets in when the first one was lost with its connection`, LIMIT, async () => {
        await using nats = await startNats({ program });
        const server = nats.servers[0] ?? { port: 0, url: '' };
        const proxy = await NatsProxy.start(server);
        const log = await openLog(proxy.url);
        const first = { seq: await log.append(recordOf(1, 50), 0), record: recordOf(1, 50) };
        const release = proxy.hold();
        const record = recordOf(2, size);
        const appending = log.append(record, first.seq);
        await proxy.held();
        proxy.cutAll();
        release();
        await assertHas(await openLog(server.url), [first, { seq: await appending, record }]);
      });
    }
  }
});
