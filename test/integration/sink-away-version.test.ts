import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeadLetter } from '../../src/connector/dead-letter.js';
import { MillraceError } from '../../src/errors/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { DeadLetters } from '../../src/mqtt/sink/index.js';
import { type FakeBroker, startFakeBroker } from '../support/brokers/fake-broker.js';
import { keepingScript } from '../support/brokers/keeping-broker.js';
import { LIMIT } from '../support/limits.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';

const letter: DeadLetter = {
  payload: Buffer.from('6'),
  attributes: { topic: 'in/1', properties: undefined },
  error: new MillraceError('USER_FUNCTION_FAILED', '6 is poison'),
  attempt: 1,
  timestampMs: 0,
  origin: 'reader',
};

/** A broker without 5.0, and what it has taken. */
async function startOldBroker(taken: string[]): Promise<FakeBroker> {
  const keeping = keepingScript();
  return startFakeBroker({
    ...keeping,
    connect: (client, packet) => {
      if (packet.version < 5) keeping.connect(client, packet);
      else client.send({ type: 'connack', sessionPresent: false, reasonCode: 0x84 });
    },
    publish: (client, { packetId, payload }) => {
      taken.push(Buffer.from(payload).toString());
      client.send({ type: 'pubrec', packetId, reasonCode: 0 });
    },
    pubrel: (client, { packetId }) => client.send({ type: 'pubcomp', packetId, reasonCode: 0 }),
  });
}

const lettersAt = (port: number, protocolVersion?: 4) =>
  DeadLetters.topic({
    broker: `mqtt://127.0.0.1:${port}`,
    clientId: 'dead',
    topic: 'dead/in',
    keepSession: true,
    qualityOfService: 2,
    connectOptionsFn: () => ({ protocolVersion, reconnectPeriod: 20 }),
  });

/** Makes a letter as the first thing of a process, when no connection is there yet, and says whether its JSON tells all. */
async function madeBeforeConnected(sink: ReturnType<typeof lettersAt>, store: MemoryOutboxes): Promise<string> {
  const { signal } = new AbortController();
  const context = {
    job: 'test',
    guarantee: 'exactly-once',
    metrics: new MetricsRegistry(),
    signal,
    durable: store,
  } as const;
  const writer = await sink.createDurableWriter?.(context, (name) => store.restore(name));
  assert.ok(writer !== undefined);
  const [row] = writer.prepare([letter]).rows;
  await writer.close();
  return Buffer.from(row?.bytes ?? []).toString();
}

describe('a dead letter that is made while its broker is away', () => {
  it(
    'is made in the version that the broker spoke, which the store knows: nothing of it is stripped',
    LIMIT,
    async () => {
      const taken: string[] = [];
      await using broker = await startOldBroker(taken);
      const sink = lettersAt(broker.port);
      const store = new MemoryOutboxes();
      const driver = await DurableSinkDriver.open({ sink, store });
      driver.add(letter);
      await driver.drain();
      await driver.close();
      assert.equal(JSON.parse(taken[0] ?? '').topic, 'in/1');
      assert.match(await madeBeforeConnected(sink, store.reopen()), /"topic":"in\/1"/);
    },
  );

  it('is made in the version that was asked for, also before the first connection', LIMIT, async () => {
    await using broker = await startOldBroker([]);
    assert.match(await madeBeforeConnected(lettersAt(broker.port, 4), new MemoryOutboxes()), /"topic":"in\/1"/);
  });
});
