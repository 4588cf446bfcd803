import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { Subscription } from '../../src/mqtt/source/options/subscription.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { type ChaosProxy, type SeenFrame, startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { DurableSourceJob } from '../support/rigs/durable-source-job.js';
import { storedIds } from '../support/rigs/stored-ids.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

/*
 * R2b at mosquitto 2.0.11: a message whose PUBCOMP went down with its connection comes again as PUBLISH with DUP 1, when a connection
 * after that ended before the broker wrote its PUBREL again. CONNECTs that are given up while the broker stands still are enough.
 */

/** Below mosquitto's window of 20 on 3.1.1. */
const COUNT = 15;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));
/** A PUBLISH with DUP 1. */
const isAgain = ({ bytes }: SeenFrame): boolean => ((bytes[0] ?? 0) & 0x08) !== 0;

let runs = 0;

interface Rig {
  readonly broker: Mosquitto;
  readonly proxy: ChaosProxy;
  readonly job: DurableSourceJob<string>;
  publish(texts: readonly string[]): Promise<void>;
}

async function withRig(broker: Mosquitto, version: 5 | 4, run: (rig: Rig) => Promise<void>): Promise<void> {
  runs += 1;
  const topic = `finished/${runs}`;
  await using proxy = await startChaosProxy({ to: broker });
  const times = { reconnectPeriod: 20, maxReconnectPeriod: 50 };
  const source = MqttSources.builder()
    .broker(proxy.url)
    .clientId(`finished-${process.pid}-${runs}`)
    .keepSession()
    .connectOptionsFn(() => ({ protocolVersion: version, ...times }))
    .subscriptions(Subscription.of(topic, 2))
    .mapToItemFn((_topic, message) => message.toString())
    .build();
  const job = new DurableSourceJob(source, 'exactly-once');
  try {
    await job.start();
    await run({ broker, proxy, job, publish: (texts) => publishAll({ port: broker.port, topic, qos: 2 }, texts) });
  } finally {
    await job.stop();
  }
}

/** No id is open: the PUBREL of each came, and its removal is durable. */
function atRest({ stored }: DurableSourceJob<string>): boolean {
  return (storedIds(stored) as { readonly inbound: Uint16Array }).inbound.length === 0;
}

/** The first message, up to the fence behind it. */
async function begin({ proxy, job, publish }: Rig): Promise<void> {
  await publish(['first']);
  await job.run(() => job.effects.length === 1 && atRest(job));
  await proxy.untilSeen('server', 'pingresp');
}

/** Messages are taken to their end, and all PUBCOMPs are lost. */
async function finishUnheard({ proxy, job, publish }: Rig): Promise<void> {
  const lost = proxy.drop({ from: 'client', type: 'pubcomp', times: Number.POSITIVE_INFINITY });
  await publish(numbers(COUNT));
  await job.run(() => job.effects.length > COUNT && atRest(job));
  await lost.fired({ count: COUNT });
  lost.disarm();
}

/** The connection is reset, and a CONNECT is given up, because the broker stands still. */
async function giveUpConnects({ broker, proxy }: Rig): Promise<void> {
  const before = proxy.count('client', 'connect');
  broker.suspend();
  proxy.cutAll('rst');
  await proxy.untilSeen('client', 'connect', before + 1);
  proxy.cutAll('fin');
  await proxy.untilSeen('client', 'connect', before + 2);
  broker.resume();
}

/** Until a message that is published now is at its end: what came again has come by then. */
async function finish({ job, publish }: Rig): Promise<void> {
  await publish(['last']);
  await job.run(() => job.effects.includes('last'));
}

for (const version of [5, 4] as const) {
  describe(`R2b: finished messages that mosquitto sends again (version ${version})`, SUITE_LIMIT, () => {
    let broker: Mosquitto;
    before(async () => {
      broker = await startMosquitto();
    });
    after(() => broker.stop());

    it('PUBCOMPs lost with the connection and CONNECTs given up: answered, told, and taken once', () =>
      withRig(broker, version, async (rig) => {
        const { proxy, job } = rig;
        using told = new Told('message-again', 'session-suspect');
        await begin(rig);
        await finishUnheard(rig);
        await giveUpConnects(rig);
        await finish(rig);
        const again = proxy.count('server', 'publish', isAgain);
        assert.ok(again > 0, 'the broker sent finished messages again');
        assert.deepEqual(job.effects, ['first', ...numbers(COUNT), 'last']);
        assert.deepEqual(told.names, new Array(again).fill('message-again'));
        await until(() => proxy.count('client', 'pubcomp') >= 2 * COUNT + 1, { what: 'their flows to their end' });
      }));

    it('over a restart of the process in between: taken once', () =>
      withRig(broker, version, async (rig) => {
        const { proxy, job } = rig;
        await begin(rig);
        await finishUnheard(rig);
        await giveUpConnects(rig);
        await job.kill(proxy);
        await job.start();
        await finish(rig);
        assert.deepEqual(job.effects, ['first', ...numbers(COUNT), 'last']);
      }));
  });
}
