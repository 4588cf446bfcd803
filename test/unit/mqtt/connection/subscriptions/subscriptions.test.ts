import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../../src/errors/millrace-error.js';
import { checkServerLimits } from '../../../../../src/mqtt/connection/granted/check-server-limits.js';
import { subscriptionDiff } from '../../../../../src/mqtt/connection/subscriptions/subscription-diff.js';
import {
  type SubscribingSession,
  SubscriptionKeeper,
} from '../../../../../src/mqtt/connection/subscriptions/subscription-keeper.js';
import type { SubscriptionRequest } from '../../../../../src/mqtt/protocol/packet.js';
import type { Properties } from '../../../../../src/mqtt/protocol/properties.js';
import type { ServerLimits } from '../../../../../src/mqtt/protocol/session/session-event.js';
import { wanted } from '../../../../support/rigs/connection-rig.js';
import { SERVER_LIMITS } from '../../../../support/server-limits.js';

/** Writes down what is sent instead of sending it. */
class Recorder implements SubscribingSession {
  readonly subscribes: {
    readonly requests: readonly SubscriptionRequest[];
    readonly properties: Properties | undefined;
  }[] = [];
  readonly unsubscribes: (readonly string[])[] = [];
  #packetId = 60_000;

  subscribe(requests: readonly SubscriptionRequest[], properties?: Properties): number {
    this.subscribes.push({ requests, properties });
    this.#packetId += 1;
    return this.#packetId;
  }

  unsubscribe(filters: readonly string[]): number {
    this.unsubscribes.push(filters);
    this.#packetId += 1;
    return this.#packetId;
  }

  get filters(): readonly string[] {
    return this.subscribes.flatMap(({ requests }) => requests.map(({ filter }) => filter));
  }
}

const batches = { filters: 8, bytes: SERVER_LIMITS.maximumPacketSize };
const resumed = { version: 5, sessionPresent: true, skipRetained: false, batches } as const;
const fresh = { version: 5, sessionPresent: false, skipRetained: false, batches } as const;

function suback(packetId: number, ...reasonCodes: number[]) {
  return { type: 'subscribed', packetId, reasonCodes, reasonString: undefined } as const;
}

/** A keeper that has had everything granted once. */
function settled(...filters: string[]): SubscriptionKeeper {
  const keeper = new SubscriptionKeeper(filters.map((filter) => wanted(filter)));
  keeper.begin(new Recorder(), fresh);
  keeper.answered(suback(60_001, ...filters.map(() => 1)));
  return keeper;
}

describe('subscription difference', () => {
  it('subscribes to what is new or changed, unsubscribes from what is not wanted, leaves the rest alone', () => {
    const diff = subscriptionDiff(
      [wanted('kept'), wanted('gone'), wanted('raised')],
      [wanted('kept'), wanted('raised', { qos: 2 }), wanted('new')],
      true,
    );
    assert.deepEqual(
      diff.subscribe.map(({ filter }) => filter),
      ['raised', 'new'],
    );
    assert.deepEqual(diff.unsubscribe, ['gone']);
  });

  it('asks for shared ones again, as a session may have lost its place in the group', () => {
    const both = [wanted('kept'), wanted('$share/group/kept')];
    const diff = subscriptionDiff(both, both, true);
    assert.deepEqual(
      diff.subscribe.map(({ filter }) => filter),
      ['$share/group/kept'],
    );
    assert.deepEqual(diff.unsubscribe, []);
  });
});

describe('subscriptions over connections (R5a)', () => {
  it('subscribes again at the start of a process although the server has the session', () => {
    const keeper = new SubscriptionKeeper([wanted('a')]);
    const session = new Recorder();
    assert.equal(keeper.unverified, true);
    keeper.begin(session, resumed);
    assert.deepEqual(session.filters, ['a']);
    assert.equal(session.subscribes[0]?.requests[0]?.retainHandling, 1);
  });

  it('does not subscribe again when the session is resumed and the filters are the same', () => {
    const keeper = settled('a', 'b');
    const session = new Recorder();
    keeper.begin(session, resumed);
    assert.deepEqual(session.filters, []);
    assert.equal(keeper.settled, true);
    assert.deepEqual(
      keeper.granted.map(({ filter, granted }) => [filter, granted]),
      [
        ['a', 1],
        ['b', 1],
      ],
    );
  });

  it('subscribes again after a CONNECT that got no CONNACK, whatever the next CONNACK says', () => {
    const keeper = settled('a');
    keeper.doubt();
    const session = new Recorder();
    keeper.begin(session, resumed);
    assert.deepEqual(session.filters, ['a']);
  });

  it('subscribes to all when the session is gone', () => {
    const keeper = settled('a', 'b');
    const session = new Recorder();
    keeper.begin(session, fresh);
    assert.deepEqual(session.filters, ['a', 'b']);
  });

  it('sends again only what a lost connection left without its SUBACK', () => {
    const keeper = new SubscriptionKeeper([
      wanted('a', { subscriptionIdentifier: 1 }),
      wanted('b', { subscriptionIdentifier: 2 }),
    ]);
    keeper.begin(new Recorder(), fresh);
    keeper.answered(suback(60_001, 1));
    const session = new Recorder();
    keeper.begin(session, resumed);
    assert.deepEqual(session.filters, ['b']);
  });

  it('does not ask for retained messages again after a loss that drops what was in doubt (R17), unless the user always wants them', () => {
    const keeper = new SubscriptionKeeper([wanted('a'), wanted('always', { retainHandling: 0 })]);
    const session = new Recorder();
    keeper.begin(session, { ...fresh, skipRetained: true });
    assert.deepEqual(
      session.subscribes[0]?.requests.map(({ retainHandling }) => retainHandling),
      [2, 0],
    );
  });

  it('sends one SUBSCRIBE for each subscription identifier, and none of the 5.0 options below 5.0', () => {
    const both = [wanted('a', { subscriptionIdentifier: 7 }), wanted('b', { subscriptionIdentifier: 8 })];
    const five = new Recorder();
    new SubscriptionKeeper(both).begin(five, fresh);
    assert.deepEqual(
      five.subscribes.map(({ properties }) => properties?.subscriptionIdentifiers),
      [[7], [8]],
    );
    const four = new Recorder();
    new SubscriptionKeeper(both).begin(four, { ...fresh, version: 4 });
    assert.deepEqual(four.subscribes, [
      {
        requests: [
          { filter: 'a', qos: 1 },
          { filter: 'b', qos: 1 },
        ],
        properties: undefined,
      },
    ]);
  });

  it('names filter and code of a refusal', () => {
    const keeper = new SubscriptionKeeper([wanted('ok'), wanted('secret/#')]);
    keeper.begin(new Recorder(), fresh);
    assert.throws(() => keeper.answered(suback(60_001, 1, 0x87)), {
      code: 'SUBSCRIPTION_REFUSED',
      reasonCode: 0x87,
      details: { filter: 'secret/#', reasonCode: 0x87 },
    });
  });

  it('S14: splits by subscribeBatchSize, and is settled when all are granted', () => {
    const filters = Array.from({ length: 20 }, (_, index) => `t/${index}`);
    const keeper = new SubscriptionKeeper(filters.map((filter) => wanted(filter)));
    const session = new Recorder();
    keeper.begin(session, fresh);
    assert.deepEqual(
      session.subscribes.map(({ requests }) => requests.length),
      [8, 8, 4],
    );
    assert.deepEqual(session.filters, filters, 'in order, each once');
    keeper.answered(suback(60_001, ...new Array<number>(8).fill(1)));
    keeper.answered(suback(60_002, ...new Array<number>(8).fill(1)));
    assert.equal(keeper.settled, false);
    keeper.answered(suback(60_003, 1, 1, 1, 1));
    assert.deepEqual([keeper.settled, keeper.granted.length], [true, 20]);
    const fewer = new SubscriptionKeeper([], { subscriptions: keeper.held, unverified: false });
    const other = new Recorder();
    fewer.begin(other, resumed);
    assert.deepEqual(
      other.unsubscribes.map(({ length }) => length),
      [8, 8, 4],
      'UNSUBSCRIBE too',
    );
  });

  it("S14: splits by the server's Maximum Packet Size, counted in bytes of UTF-8", () => {
    const filters = ['a'.repeat(30), 'é'.repeat(30), 'c'.repeat(30)];
    const keeper = new SubscriptionKeeper(filters.map((filter) => wanted(filter)));
    const session = new Recorder();
    keeper.begin(session, { ...fresh, batches: { filters: 8, bytes: 111 } });
    assert.deepEqual(
      session.subscribes.map(({ requests }) => requests.map(({ filter }) => filter[0])),
      [['a'], ['é'], ['c']],
    );
    const wider = new Recorder();
    new SubscriptionKeeper(filters.map((filter) => wanted(filter))).begin(wider, {
      ...fresh,
      batches: { filters: 8, bytes: 112 },
    });
    assert.deepEqual(
      wider.subscribes.map(({ requests }) => requests.length),
      [2, 1],
    );
  });

  it('S14: a refusal of one among several says that it may be too many at once; one that speaks of rights does not', () => {
    const advice = (filters: readonly string[], ...codes: number[]): string => {
      const keeper = new SubscriptionKeeper(filters.map((filter) => wanted(filter)));
      keeper.begin(new Recorder(), fresh);
      try {
        keeper.answered(suback(60_001, ...codes));
      } catch (error) {
        if (error instanceof MillraceError) return error.advice ?? '';
      }
      return 'not refused';
    };
    assert.match(advice(['a', 'b'], 1, 0x80), /2 at once.*subscribeBatchSize/);
    assert.match(advice(['a', 'b'], 1, 0x97), /fewer.*subscribeBatchSize/);
    assert.doesNotMatch(advice(['a'], 0x80), /subscribeBatchSize/);
    assert.doesNotMatch(advice(['a', 'b'], 1, 0x87), /subscribeBatchSize/);
  });

  it('unsubscribes what an earlier program had until that is answered, and nothing of a session that is gone', () => {
    const keeper = new SubscriptionKeeper([wanted('a')], undefined, ['old/#']);
    for (let connection = 0; connection < 2; connection += 1) {
      const session = new Recorder();
      keeper.begin(session, resumed);
      assert.deepEqual(session.unsubscribes, [['old/#']]);
    }
    keeper.answered({ type: 'unsubscribed', packetId: 60_001, reasonCodes: [0], reasonString: undefined });
    const after = new Recorder();
    keeper.begin(after, resumed);
    assert.deepEqual(after.unsubscribes, []);
    const lost = new Recorder();
    new SubscriptionKeeper([wanted('a')], undefined, ['old/#']).begin(lost, fresh);
    assert.deepEqual(lost.unsubscribes, []);
  });

  it('takes a SUBACK with too few or too many codes for a protocol error', () => {
    for (const codes of [[], [1], [1, 1, 1]]) {
      const keeper = new SubscriptionKeeper([wanted('a'), wanted('b')]);
      keeper.begin(new Recorder(), fresh);
      assert.throws(() => keeper.answered(suback(60_001, ...codes)), { code: 'PROTOCOL_ERROR' });
    }
  });
});

describe('limits of the server', () => {
  it('names the filter that the server cannot serve', () => {
    const refuse = (filter: string, limits: Partial<ServerLimits>, subscriptionIdentifier?: number) =>
      checkServerLimits([wanted(filter, { subscriptionIdentifier })], { ...SERVER_LIMITS, ...limits })?.message ??
      'fine';
    assert.match(refuse('a/+', { wildcardSubscriptionAvailable: false }), /wildcard.*"a\/\+"/);
    assert.match(refuse('$share/g/a', { sharedSubscriptionAvailable: false }), /shared/);
    assert.match(refuse('a', { subscriptionIdentifiersAvailable: false }, 1), /identifiers/);
    assert.match(refuse('a'.repeat(100), { maximumPacketSize: 118 }), /"aaa.*above the 118 bytes/);
    assert.equal(refuse('a'.repeat(99), { maximumPacketSize: 118 }), 'fine');
    assert.equal(
      refuse('a', { wildcardSubscriptionAvailable: false, subscriptionIdentifiersAvailable: false }),
      'fine',
    );
  });
});
