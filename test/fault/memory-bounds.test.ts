import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { encodePacket } from '../../src/mqtt/protocol/codec/encode/encode-packet.js';
import type { Properties } from '../../src/mqtt/protocol/properties.js';
import { type FakeBroker, type FakeClient, startFakeBroker } from '../support/brokers/fake-broker.js';
import { startWebSocketFront, type WebSocketFront } from '../support/brokers/web-socket-front.js';
import { buildOnce } from '../support/build-once.js';
import { type Child, startChild } from '../support/child-process.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { residentMiB, standsStill } from '../support/memory/resident-memory.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

/*
 * X1, X5, X9: the bounds of the documents hold in the memory of a process, whatever a publisher or a broker sends. Three times a bound is
 * the promise: a garbage collector is late.
 */

const MIB = 1024 * 1024;
/** A source holds twice `maxBufferedBytes`: for QoS 0, and for QoS 1 and 2. */
const SOURCE_MIB = 2 * 16;
/** The engine's `maxBytesInFlight` and the sink's `maxBufferedBytes` beside it. */
const BRIDGE_MIB = SOURCE_MIB + 64 + 16;
const TIMES = 3;

const only = { skip: process.platform === 'linux' ? false : 'the memory of a process is read from /proc' };
const { nodeArgs, index } = await buildOnce();

interface Load {
  /** QoS of each message; ids are counted up. */
  readonly qos: 0 | 1;
  readonly count: number;
  readonly topic?: (index: number) => string;
  readonly payloadBytes?: number;
  readonly properties?: Properties;
}

const userProperties = (count: number): Properties => ({
  userProperties: Array.from({ length: count }, () => ['', ''] as const),
});

/** The packets of a load, as one chunk for each; those with an id differ, the others share their bytes. */
function* packetsOf({ qos, count, topic = () => 't', payloadBytes = 1, properties }: Load): Generator<Uint8Array> {
  const payload = new Uint8Array(payloadBytes);
  let shared: Uint8Array | undefined;
  for (let number = 0; number < count; number += 1) {
    const packetId = qos === 0 ? 0 : 1 + (number % 60_000);
    const name = topic(number);
    const common = { payload, qos, retain: false, dup: false, packetId, topic: name } as const;
    shared = qos === 0 && number > 0 && name === topic(number - 1) ? shared : undefined;
    shared ??= encodePacket({ type: 'publish', ...common, ...(properties && { properties }) }, 5);
    yield shared;
  }
}

/** Sends the load as fast as it is taken, until all is sent or nothing is taken any more. Bytes that were sent. */
async function send(client: FakeClient, load: Load): Promise<number> {
  let sent = 0;
  let small: Uint8Array[] = [];
  const flush = async () => {
    client.sendBytes(Buffer.concat(small));
    small = [];
    if (client.pendingBytes > 4 * MIB) {
      const left = await standsStill(() => Math.max(client.pendingBytes - MIB, 0), 'taking');
      return left === 0;
    }
    return true;
  };
  let gathered = 0;
  for (const packet of packetsOf(load)) {
    small.push(packet);
    gathered += packet.length;
    sent += packet.length;
    if (gathered < MIB) continue;
    gathered = 0;
    if (!(await flush())) return sent;
  }
  await flush();
  return sent;
}

const subscribed = (broker: FakeBroker): Promise<FakeClient> =>
  until(() =>
    broker.clients.findLast(({ ended, packets }) => !ended && packets.some(({ type }) => type === 'subscribe')),
  );

async function openSource(url: string, options: object = {}, consume = false): Promise<Child> {
  const script = new URL('../support/memory/open-source.mjs', import.meta.url);
  const env = { MEMORY_MILLRACE: index, MEMORY_URL: url, MEMORY_OPTIONS: JSON.stringify(options) };
  const child = startChild(process.execPath, [...nodeArgs, script.pathname], {
    env: { ...env, ...(consume ? { MEMORY_CONSUME: '1' } : {}) },
  });
  await child.waitForLine(/OPEN/);
  return child;
}

interface Case {
  readonly load: Load;
  readonly consume?: boolean;
  readonly options?: object;
}

const CASES: Readonly<Record<string, Case>> = {
  'messages of 1 MB made of empty user properties': {
    load: { qos: 1, count: 300, properties: userProperties(200_000) },
  },
  'messages of 64 KB made of empty user properties': {
    load: { qos: 1, count: 3000, properties: userProperties(13_000) },
  },
  'messages with as many user properties as are taken': {
    load: { qos: 1, count: 3000, properties: userProperties(1000) },
  },
  'messages of subscription identifiers, taken in any number': {
    load: { qos: 1, count: 600, properties: { subscriptionIdentifiers: new Array(100_000).fill(1) } },
    options: { maxProperties: 100_000 },
  },
  'a flood of small messages at QoS 0': { load: { qos: 0, count: 700_000, payloadBytes: 4 } },
  'large messages': { load: { qos: 1, count: 60, payloadBytes: 2 * MIB } },
  'many topics': { load: { qos: 0, count: 120_000, topic: (index) => `a/topic/of/its/own/${index}` }, consume: true },
  'long topics': {
    load: { qos: 0, count: 800, topic: (index) => `${index}/`.padEnd(65_000, 'x') },
    consume: true,
  },
};

describe('X1, X9: memory of a source', { ...SUITE_LIMIT, ...only }, () => {
  for (const [name, { load, consume = false, options = {} }] of Object.entries(CASES)) {
    it(`stays below three times its bounds: ${name}${consume ? ', read' : ', not polled'}`, LIMIT, async () => {
      await using broker = await startFakeBroker();
      await using child = await openSource(broker.url, options, consume);
      const before = residentMiB(child.pid);
      const sent = await send(await subscribed(broker), load);
      assert.ok(child.running);
      assert.ok(sent > 3 * MIB);
      const grown = residentMiB(child.pid) - before;
      assert.ok(grown < TIMES * SOURCE_MIB, `${grown.toFixed()} MiB for ${(sent / MIB).toFixed()} MiB sent`);
    });
  }
});

/** All packets of a load in one frame. */
function frameOf(load: Load): Buffer {
  return Buffer.concat([...packetsOf(load)]);
}

/** Sends a frame again and again, as fast as it is taken, so many times. Gives how many were taken by now. */
function pourFrames(front: WebSocketFront, frame: Uint8Array, frames: number): () => number {
  const [socket] = front.sockets;
  assert.ok(socket);
  let taken = 0;
  const sendNext = (): void =>
    socket.send(frame, (error) => {
      if (error) return;
      taken += 1;
      if (taken < frames) sendNext();
    });
  sendNext();
  return () => taken;
}

/** The same until all are sent or none is taken any more. Those that were taken. */
async function floodFrames(front: WebSocketFront, frame: Uint8Array, frames: number): Promise<number> {
  const taken = pourFrames(front, frame, frames);
  return frames - (await standsStill(() => frames - taken(), 'taking frames'));
}

/** Packets of 1 KiB: smaller ones take a process longer to parse than to receive. */
const SMALL = { qos: 0, payloadBytes: 1012 } as const;

describe('X5: memory of a source over WebSocket', { ...SUITE_LIMIT, ...only }, () => {
  for (const [frameMib, overshootMib] of [
    [4, 0],
    // as a packet larger than the others would; it is there twice while it is put together, and so are those before it, uncollected
    [15, 2 * 15],
  ] as const) {
    it(`stays below three times its bounds: floods at QoS 0 in frames of ${frameMib} MiB`, LIMIT, async () => {
      await using broker = await startFakeBroker();
      await using front = await startWebSocketFront(broker);
      await using child = await openSource(front.url);
      const before = residentMiB(child.pid);
      const frames = Math.ceil(224 / frameMib);
      const taken = pourFrames(front, frameOf({ ...SMALL, count: frameMib * 1024 }), frames);
      // all is taken: what is too much is dropped
      await until(() => taken() === frames, { what: () => `${frames} frames taken, ${taken()} are` });
      const grown = residentMiB(child.pid) - before;
      assert.ok(child.running && grown < TIMES * (SOURCE_MIB + overshootMib), `${grown.toFixed()} MiB`);
    });
  }

  it('W1 stays so, for the socket is not read while the source is full: floods at QoS 1', LIMIT, async () => {
    await using broker = await startFakeBroker();
    await using front = await startWebSocketFront(broker);
    await using child = await openSource(front.url);
    const before = residentMiB(child.pid);
    const frame = frameOf({ qos: 1, count: 128, payloadBytes: 8 * 1024 });
    const taken = await floodFrames(front, frame, 300);
    const grown = residentMiB(child.pid) - before;
    assert.ok(child.running && taken > 0 && grown < TIMES * SOURCE_MIB, `${grown.toFixed()} MiB, ${taken} MiB taken`);
  });

  it('W2 keeps nothing while it closes, when the broker floods on and does not close', LIMIT, async () => {
    await using broker = await startFakeBroker();
    await using front = await startWebSocketFront(broker);
    await using bridge = startCli(bridgeArgs(front.url, broker.url));
    await bridge.waitForLine(/RUNNING/);
    for (const socket of front.sockets) socket.close = () => {};
    const before = residentMiB(bridge.pid);
    const flood = floodFrames(front, frameOf({ ...SMALL, count: 4 * 1024 }), 1024);
    bridge.signal('SIGTERM');
    let most = before;
    const watch = setInterval(() => {
      if (bridge.running) most = Math.max(most, residentMiB(bridge.pid));
    }, 5);
    const [taken] = await Promise.all([flood, bridge.exited]).finally(() => clearInterval(watch));
    const grown = most - before;
    assert.ok(taken > 0 && grown < TIMES * SOURCE_MIB, `${grown.toFixed()} MiB, ${4 * taken} MiB taken`);
  });
});

const bridgeArgs = (from: string, to: string, qos = 1, ...more: string[]): string[] => [
  ...['bridge', '--from', from, '--topic', 'in/#', '--to', to, '--to-topic', 'out'],
  ...['--client-id', 'b', '--qos', `${qos}`, '--connect-timeout', '0', ...more],
];

describe('X1: memory of a bridge whose destination stands still', { ...SUITE_LIMIT, ...only }, () => {
  const load: Load = { qos: 1, count: 3000, topic: () => 'in/a', properties: userProperties(1000) };

  it('stays below three times its bounds, without a store', LIMIT, async () => {
    await using from = await startFakeBroker();
    await using to = await startFakeBroker({ publish: () => {} });
    await using bridge = startCli(bridgeArgs(from.url, to.url));
    await bridge.waitForLine(/RUNNING/);
    const before = residentMiB(bridge.pid);
    await send(await subscribed(from), load);
    const grown = residentMiB(bridge.pid) - before;
    assert.ok(bridge.running && grown < TIMES * BRIDGE_MIB, `${grown.toFixed()} MiB`);
  });

  it('stays so with a store, and over a restart', LIMIT, async () => {
    const dir = tempDir();
    await using from = await startFakeBroker();
    await using to = await startFakeBroker({ publish: () => {} });
    const durable = ['--guarantee', 'exactly-once', '--dir', dir, '--on-session-loss', 'redeliver'];
    const args = bridgeArgs(from.url, to.url, 2, ...durable);
    for (const start of ['first', 'second']) {
      await using bridge = startCli(args);
      await bridge.waitForLine(/RUNNING/);
      const before = residentMiB(bridge.pid);
      await send(await subscribed(from), load);
      const grown = residentMiB(bridge.pid) - before;
      assert.ok(bridge.running && grown < TIMES * BRIDGE_MIB, `${grown.toFixed()} MiB after the ${start} start`);
      await bridge.end('SIGKILL');
    }
    assert.ok(readdirSync(dir).some((name) => name.startsWith('job-')));
  });
});
