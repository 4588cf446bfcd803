import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../../src/errors/millrace-error.js';
import { MarkerKeeper } from '../../../../../src/mqtt/connection/identity/record/marker-keeper.js';
import { readSessionRecord } from '../../../../../src/mqtt/connection/identity/record/read-session-record.js';
import { markerFilter } from '../../../../../src/mqtt/connection/identity/record/session-markers.js';
import {
  adopt,
  beginAsking,
  beginConnecting,
  beginCreating,
  beginEpoch,
  epochOf,
  isLostEpoch,
  keptSession,
  markGranted,
  markLost,
  markMade,
  markWentBack,
  policyFacts,
  type SessionRecord,
  unmake,
  wasDropped,
} from '../../../../../src/mqtt/connection/identity/record/session-record.js';
import { storedSessionRecord } from '../../../../../src/mqtt/connection/identity/record/stored-session-record.js';
import { RecordKeeper } from '../../../../../src/mqtt/connection/identity/record-keeper.js';
import { SessionServer, serverKey } from '../../../../../src/mqtt/connection/identity/session-server.js';
import { VersionFallback, type VersionOutcome } from '../../../../../src/mqtt/connection/reconnect/version-fallback.js';
import {
  type SubscribingSession,
  SubscriptionKeeper,
} from '../../../../../src/mqtt/connection/subscriptions/subscription-keeper.js';
import { wanted } from '../../../../support/rigs/connection-rig.js';
import { MemoryRecord } from '../../../../support/store/memory-record.js';

const RECORD: SessionRecord = {
  epoch: 3,
  phase: 'established',
  connecting: false,
  lost: false,
  wentBack: false,
  droppedEpoch: 0,
  server: 'mqtt://127.0.0.1:1883',
  version: 5,
  markers: { nonce: 'abc', next: 1, end: 5, gone: [0] },
  subscriptions: [{ subscription: wanted('t'), granted: 1 }],
};
const BATCHES = { filters: 8, bytes: 268_435_460 };
const HOME = { server: 'mqtt://127.0.0.1:1884', version: 4 } as const;

/** Numbers its requests from 60001 on, and writes them down. */
class Recorder implements SubscribingSession {
  readonly requests: string[] = [];
  #packetId = 60_000;

  subscribe(requests: readonly { readonly filter: string }[]): number {
    this.requests.push(`+ ${requests.map(({ filter }) => filter).join(' ')}`);
    this.#packetId += 1;
    return this.#packetId;
  }

  unsubscribe(filters: readonly string[]): number {
    this.requests.push(`- ${filters.join(' ')}`);
    this.#packetId += 1;
    return this.#packetId;
  }
}

const answer = (packetId: number, ...reasonCodes: number[]) =>
  ({ type: 'subscribed', packetId, reasonCodes, reasonString: undefined }) as const;

describe('session record', () => {
  it('is read back as it was put, by structured clone', () => {
    for (const record of [RECORD, beginCreating(undefined), markLost(RECORD), undefined]) {
      assert.deepEqual(readSessionRecord(structuredClone(record)), record);
    }
  });

  it('R6a: one that is made is `creating` to an older version, which begins it anew, and so is what that wrote', () => {
    const made = markMade(beginCreating(undefined), { epoch: 1, ...HOME, wanted: [wanted('t')] });
    const stored = storedSessionRecord(made);
    assert.deepEqual([stored.phase, stored.made], ['creating', true]);
    assert.deepEqual(readSessionRecord(structuredClone(stored)), made);
    const { made: _, ...older } = stored;
    assert.equal(readSessionRecord(older)?.phase, 'creating');
    for (const record of [beginCreating(made), RECORD])
      assert.deepEqual(readSessionRecord(structuredClone(storedSessionRecord(record))), record);
  });

  it('R6a: one that is made has the version of its CONNECT, is in doubt, and may have what it was to be asked for', () => {
    const made = markMade(beginCreating(undefined), { epoch: 1, ...HOME, wanted: [wanted('t')] });
    assert.deepEqual(policyFacts(made, 'digest'), { epochVersion: 4, grantedBefore: false });
    assert.deepEqual(policyFacts(beginCreating(made), 'digest'), {});
    const { unverified, subscriptions } = keptSession({ ...made, connecting: false });
    assert.deepEqual([unverified, subscriptions.map(({ subscription }) => subscription.filter)], [true, ['t']]);
    assert.deepEqual([unmake(made).phase, markGranted(made, { ...RECORD }).phase], ['creating', 'established']);
  });

  it('is STORE_CORRUPT when any field is not what this version writes', () => {
    const wrong: unknown[] = [null, 0, 'record', [], {}];
    for (const [key, values] of Object.entries({
      epoch: [-1, 1.5, '1', undefined],
      phase: ['lost', 'made', undefined],
      made: [1],
      connecting: [0, undefined],
      lost: ['no', undefined],
      wentBack: ['no'],
      droppedEpoch: [-1, undefined],
      server: [1],
      version: [6, '5'],
      markers: [
        {},
        { nonce: 1, next: 1, end: 5 },
        { nonce: 'a', next: -1, end: 5 },
        { nonce: 'a', next: 1 },
        { nonce: 'a', next: 1, end: 5, gone: ['0'] },
      ],
      subscriptions: [
        undefined,
        {},
        [{}],
        [{ subscription: wanted('t'), granted: 3 }],
        [{ subscription: {}, granted: 1 }],
      ],
    })) {
      for (const value of values) wrong.push({ ...RECORD, [key]: value });
    }
    for (const value of wrong) assert.throws(() => readSessionRecord(value), { code: 'STORE_CORRUPT' });
  });

  it('R5c: one of a version that knew one mark only is read: nothing is confirmed gone', () => {
    const { wentBack: _, markers, ...rest } = RECORD;
    const { gone: __, ...oneMark } = markers ?? { gone: [] };
    assert.deepEqual(readSessionRecord({ ...rest, markers: oneMark }), {
      ...RECORD,
      markers: { nonce: 'abc', next: 1, end: 5, gone: [] },
    });
    assert.deepEqual(readSessionRecord({ ...rest, markers: undefined }), { ...RECORD, markers: undefined });
  });

  it('counts epochs: each one begun is above all before', () => {
    const first = beginCreating(undefined);
    assert.deepEqual([epochOf(undefined), first.epoch, beginCreating(first).epoch], [0, 1, 2]);
    assert.deepEqual([first.phase, first.connecting], ['creating', true]);
    assert.equal(beginEpoch(RECORD, { epoch: 7, policy: 'redeliver', ...HOME }).epoch, 7);
  });

  it('a new epoch has nothing of the old session, and is where it was begun (R5, R5b)', () => {
    const next = beginEpoch(markWentBack(markLost(beginConnecting(RECORD))), { epoch: 4, policy: 'drop', ...HOME });
    const { markers, subscriptions, server, version, lost, wentBack, connecting, droppedEpoch } = next;
    assert.deepEqual([markers, subscriptions, lost, connecting, droppedEpoch], [undefined, [], false, true, 4]);
    assert.equal(wentBack, false);
    assert.deepEqual({ server, version }, HOME);
  });

  it('R17: tells state of a lost epoch, and whether a loss since was settled by drop', () => {
    const dropped = beginEpoch(RECORD, { epoch: 4, policy: 'drop', ...HOME });
    const after = beginEpoch(dropped, { epoch: 5, policy: 'redeliver', ...HOME });
    assert.deepEqual(
      [3, 4, 5].map((epoch) => isLostEpoch(after, epoch)),
      [true, true, false],
    );
    assert.deepEqual(
      [3, 4, 5].map((epoch) => wasDropped(after, epoch)),
      [true, false, false],
    );
    assert.deepEqual([isLostEpoch(undefined, 0), wasDropped(undefined, 0)], [false, false]);
    assert.equal(isLostEpoch(markLost(RECORD), 3), false, 'undecided: its state is still that of the epoch');
  });

  it('a marker is spent once, and being established ends the doubt', () => {
    assert.deepEqual(beginAsking(RECORD).markers, { nonce: 'abc', next: 3, end: 5, gone: [] });
    const without = { ...RECORD, markers: undefined };
    assert.deepEqual(beginAsking(without), without);
    const facts = { ...HOME, markers: undefined, subscriptions: [] };
    const { connecting, phase } = markGranted(adopt(beginCreating(undefined), { epoch: 1, ...HOME }), facts);
    assert.deepEqual([connecting, phase], [false, 'established']);
  });

  it('says what a process may believe of the session', () => {
    const unverified = (record: SessionRecord): boolean => keptSession(record).unverified;
    const unmarked = { ...RECORD, markers: undefined };
    assert.deepEqual([RECORD, unmarked, beginConnecting(unmarked), beginCreating(undefined)].map(unverified), [
      true,
      false,
      true,
      true,
    ]);
  });
});

describe('durable session record', () => {
  it('a put that the store refuses is the end of all puts, and never retryable (R13)', async () => {
    const store = new MemoryRecord();
    const stored = new RecordKeeper(store);
    store.holds = (index) => index === 0;
    const first = assert.rejects(stored.put(RECORD), { code: 'TIMEOUT', retryable: false });
    const second = assert.rejects(stored.put(markLost(RECORD)), { code: 'TIMEOUT', retryable: false });
    (await store.heldPut()).reject(new MillraceError('TIMEOUT', 'the store does not answer'));
    await Promise.all([first, second]);
    const puts = store.puts.length;
    await assert.rejects(stored.put(RECORD), { code: 'TIMEOUT' });
    await assert.rejects(stored.durable(), { code: 'TIMEOUT' });
    assert.equal(store.puts.length, puts);
  });

  it('a store that throws rejects', async () => {
    const stored = new RecordKeeper({
      value: undefined,
      put: () => {
        throw new Error('EIO');
      },
    });
    await assert.rejects(stored.put(RECORD), { code: 'STORAGE_FAILED', retryable: false });
  });

  it('refuses a record that nobody can have written', () => {
    assert.throws(() => new RecordKeeper(new MemoryRecord({ epoch: 'x' })), { code: 'STORE_CORRUPT' });
  });
});

const granted = (count: number): readonly number[] => new Array<number>(count).fill(0);

describe('marker keeper', () => {
  const begun = (version: 5 | 4 = 5, held?: SessionRecord['markers']) => {
    const session = new Recorder();
    const keeper = new MarkerKeeper(() => 'n');
    keeper.begin(session, { version, batches: BATCHES }, held);
    return { session, keeper };
  };
  const filters = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, at) => markerFilter('n', from + at)).join(' ');

  it('subscribes nine, and uses one to find out whether the broker tells what it has', () => {
    const { session, keeper } = begun();
    assert.deepEqual(session.requests, [
      `+ ${filters(0, 8)}`,
      `+ ${filters(8, 9)}`,
      `- ${markerFilter('n', 0)}`,
      `- ${markerFilter('n', 'none')}`,
    ]);
    assert.equal(keeper.answered(answer(60_001, ...granted(8))), true);
    assert.equal(keeper.answered(answer(60_002, 0)), true);
    assert.deepEqual([keeper.settled, keeper.markers], [false, undefined]);
    assert.equal(keeper.answered(answer(60_003, 0x00)), true);
    assert.equal(keeper.answered(answer(60_004, 0x11)), true);
    assert.deepEqual([keeper.settled, keeper.markers], [true, { nonce: 'n', next: 1, end: 9, gone: [0] }]);
    assert.equal(keeper.answered(answer(60_005, 0)), false, 'not its own');
  });

  it('has none where the broker refuses one, or answers the same for what it has and what it has not', () => {
    for (const [last, known, unknown] of [
      [0x87, 0x00, 0x11],
      [0, 0x00, 0x00],
      [0, 0x11, 0x11],
      [0, 0x87, 0x87],
      [0, 0x00, 0x87],
    ] as const) {
      const { keeper } = begun();
      keeper.answered(answer(60_004, unknown));
      keeper.answered(answer(60_003, known));
      keeper.answered(answer(60_001, ...granted(8)));
      keeper.answered(answer(60_002, last));
      assert.deepEqual([keeper.settled, keeper.markers], [true, undefined]);
    }
  });

  it('asks for as many as were used, and for those it has: a broker that crashed may not have them', () => {
    const { session, keeper } = begun(5, { nonce: 'n', next: 3, end: 5, gone: [1, 2] });
    assert.deepEqual(session.requests, [`+ ${filters(3, 11)}`]);
    keeper.answered(answer(60_001, ...granted(8)));
    assert.deepEqual(keeper.markers, { nonce: 'n', next: 3, end: 11, gone: [1, 2] });
  });

  it('S14: splits its SUBSCRIBE as that of the owner is split', () => {
    const session = new Recorder();
    const keeper = new MarkerKeeper(() => 'n');
    keeper.begin(session, { version: 5, batches: { ...BATCHES, filters: 4 } }, undefined);
    assert.deepEqual(session.requests.slice(0, 3), [`+ ${filters(0, 4)}`, `+ ${filters(4, 8)}`, `+ ${filters(8, 9)}`]);
    keeper.answered(answer(60_001, ...granted(4)));
    keeper.answered(answer(60_002, 0, 0, 0, 0x97));
    keeper.answered(answer(60_004, 0x00));
    keeper.answered(answer(60_005, 0x11));
    assert.equal(keeper.settled, false);
    keeper.answered(answer(60_003, 0));
    assert.deepEqual([keeper.settled, keeper.markers], [true, undefined], 'one was refused');
  });

  it('gives up where five connections in a row end with the SUBSCRIBE', () => {
    const session = new Recorder();
    const keeper = new MarkerKeeper(() => 'n');
    for (let connection = 0; connection < 5; connection += 1)
      keeper.begin(session, { version: 5, batches: BATCHES }, undefined);
    assert.equal(session.requests.length, 20);
    assert.equal(keeper.settled, false);
    keeper.begin(session, { version: 5, batches: BATCHES }, undefined);
    keeper.begin(session, { version: 5, batches: BATCHES }, undefined);
    assert.deepEqual([session.requests.length, keeper.settled, keeper.markers], [20, true, undefined]);
  });

  it('keeps what it has when no more are granted', () => {
    const held = { nonce: 'n', next: 3, end: 5, gone: [2] };
    const { keeper } = begun(5, held);
    keeper.answered(answer(60_001, ...granted(7), 0x97));
    assert.deepEqual(keeper.markers, held);
  });

  it('asks for nothing below 5.0', () => {
    const { session, keeper } = begun(4);
    assert.deepEqual([session.requests, keeper.settled, keeper.markers], [[], true, undefined]);
  });
});

describe('subscriptions of an earlier process', () => {
  const resume = { version: 5, sessionPresent: true, skipRetained: false, batches: BATCHES } as const;
  const held = ['kept', 'gone'].map((filter) => ({ subscription: wanted(filter), granted: 1 }) as const);
  const requests = (past: { readonly unverified: boolean }, proved: boolean, present = true): readonly string[] => {
    const session = new Recorder();
    const keeper = new SubscriptionKeeper([wanted('kept'), wanted('new')], { subscriptions: held, ...past });
    if (proved) keeper.verified();
    keeper.begin(session, { ...resume, sessionPresent: present });
    return session.requests;
  };

  it('proven: only what differs is asked for (G3)', () => {
    assert.deepEqual(requests({ unverified: true }, true), ['- gone', '+ new']);
    assert.deepEqual(requests({ unverified: false }, false), ['- gone', '+ new']);
  });

  it('unverified: all is asked for, and what is not wanted is taken back', () => {
    assert.deepEqual(requests({ unverified: true }, false), ['- gone', '+ kept new']);
  });

  it('absent: all is asked for, and nothing is taken back', () => {
    assert.deepEqual(requests({ unverified: false }, false, false), ['+ kept new']);
  });
});

describe('where and how an earlier process was connected (R5b)', () => {
  const address = { protocol: 'mqtt', host: 'A.example', port: 1883, path: '' } as const;
  const other = { ...address, host: 'b.example' };

  it('a server other than the recorded one is elsewhere, unless they share their sessions', () => {
    const alone = new SessionServer({ serversShareSessions: false, startClean: true }, 'mqtt://a.example:1883');
    assert.deepEqual([alone.isElsewhere(address), alone.isElsewhere(other)], [false, true]);
    assert.deepEqual([alone.mustDiscard(address), alone.mustDiscard(other)], [false, true]);
    const cluster = new SessionServer({ serversShareSessions: true, startClean: true }, 'mqtt://a.example:1883');
    assert.deepEqual([cluster.isElsewhere(other), cluster.mustDiscard(other)], [false, false]);
  });

  it('a presigned query is no other server, and is not recorded', () => {
    const signed = { ...address, protocol: 'wss', path: '/mqtt?X-Amz-Signature=hunter2' } as const;
    assert.equal(serverKey(signed), 'wss://a.example:1883/mqtt');
    const server = new SessionServer(
      { serversShareSessions: false, startClean: false },
      `${serverKey(signed)}?X-Old=1`,
    );
    assert.equal(server.isElsewhere({ ...signed, path: '/mqtt?X-Amz-Signature=other' }), false);
    assert.equal(server.isElsewhere({ ...signed, path: '/other?X-Amz-Signature=other' }), true);
  });

  it('only a refusal makes it leave the version of an earlier process', () => {
    const versions = new VersionFallback({ asked: undefined, epoch: 5 });
    const after = (outcome: VersionOutcome): boolean => versions.after({ outcome, server: 'a', now: 0 });
    assert.equal(after('closed-before-connack'), false);
    assert.equal(versions.version, 5);
    assert.equal(after('version-refused'), true);
    assert.equal(versions.version, 4);
    assert.equal(new VersionFallback({ asked: undefined, epoch: 4 }).version, 4);
    assert.equal(new VersionFallback({ asked: 5, epoch: 4 }).version, 5, 'what is asked for counts more');
  });
});
