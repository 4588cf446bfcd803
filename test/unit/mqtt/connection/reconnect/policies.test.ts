import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, MillraceError } from '../../../../../src/errors/index.js';
import { checkGuarantee } from '../../../../../src/mqtt/connection/granted/check-guarantee.js';
import type { ServerAddress } from '../../../../../src/mqtt/connection/options/mqtt-connection-options.js';
import { Backoff } from '../../../../../src/mqtt/connection/reconnect/backoff.js';
import {
  ConflictDetector,
  type ConnectionEnd,
  type Suspicion,
} from '../../../../../src/mqtt/connection/reconnect/conflict-detector.js';
import {
  type PossibleRefusal,
  RefusalPatience,
} from '../../../../../src/mqtt/connection/reconnect/refusal-patience.js';
import { ServerRotation } from '../../../../../src/mqtt/connection/reconnect/server-rotation.js';
import {
  type VersionFacts,
  VersionFallback,
  type VersionOutcome,
} from '../../../../../src/mqtt/connection/reconnect/version-fallback.js';
import { fc } from '../../../../support/fast-check.js';
import { SERVER_LIMITS } from '../../../../support/server-limits.js';

const almostOne = () => 1 - Number.EPSILON;

describe('back-off', () => {
  it('doubles its ceiling up to the cap', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1000, random: almostOne });
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => Math.ceil(backoff.nextMs())),
      [100, 200, 400, 800, 1000, 1000],
    );
  });

  it('waits anywhere between nothing and the ceiling (full jitter)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
        (draws) => {
          let at = 0;
          const backoff = new Backoff({ firstMs: 10, maxMs: 500, random: () => draws[at] ?? 0 });
          for (at = 0; at < draws.length; at += 1) {
            assert.equal(backoff.nextMs(), (draws[at] ?? 0) * Math.min(10 * 2 ** at, 500));
          }
        },
      ),
    );
  });

  it('starts again only after a connection that lasted as long as the ceiling it had reached', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 10_000, random: almostOne });
    for (let i = 0; i < 3; i += 1) backoff.nextMs();
    backoff.lasted(799, false);
    assert.equal(Math.ceil(backoff.nextMs()), 800);
    backoff.lasted(1600, false);
    assert.equal(Math.ceil(backoff.nextMs()), 100);
  });

  it('grows in spite of connections that end within a second, however short the first wait (S4)', () => {
    const backoff = new Backoff({ firstMs: 10, maxMs: 10_000, random: almostOne });
    const waits = Array.from({ length: 8 }, () => {
      backoff.lasted(30, false);
      return Math.ceil(backoff.nextMs());
    });
    assert.deepEqual(waits, [10, 20, 40, 80, 160, 320, 640, 1280]);
  });
});

describe('back-off after progress', () => {
  it('starts again after a connection on which messages or answers came, however short', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 10_000, random: almostOne });
    for (let i = 0; i < 5; i += 1) backoff.nextMs();
    backoff.lasted(1, true);
    assert.equal(Math.ceil(backoff.nextMs()), 100);
    assert.equal(Math.ceil(backoff.nextMs()), 200);
  });
});

/** Attempts at one server, which come when the test says. */
class Attempts {
  readonly versions: VersionFallback;
  now = 0;

  constructor(facts: Partial<VersionFacts> = {}) {
    this.versions = new VersionFallback({ asked: undefined, ...facts });
  }

  end(outcome: VersionOutcome, afterMs = 1000, server = 'mqtt://a:1883'): number {
    this.now += afterMs;
    this.versions.after({ outcome, server, now: this.now });
    return this.versions.version;
  }

  ends(...outcomes: readonly VersionOutcome[]): readonly number[] {
    return outcomes.map((outcome) => this.end(outcome));
  }
}

const CLOSED = 'closed-before-connack';
const HOUR_MS = 3_600_000;

describe('version fallback (R5d)', () => {
  it('falls back for good on the word of the server', () => {
    const attempts = new Attempts();
    assert.deepEqual(attempts.ends('version-refused', 'other', 'version-refused'), [4, 4, 3]);
    assert.equal(attempts.versions.because, 'refused');
    assert.equal(attempts.versions.after({ outcome: 'version-refused', server: 'a', now: 9 }), false);
  });

  it('takes closes before CONNACK for an outage, and tries older versions after four of them within six seconds', () => {
    const attempts = new Attempts();
    assert.deepEqual(attempts.ends(CLOSED, CLOSED, CLOSED, CLOSED), [5, 5, 5, 4]);
    assert.equal(attempts.versions.because, 'closed');
    assert.deepEqual(attempts.ends(CLOSED, CLOSED), [3, 5], 'and then it begins with the newest again');
    assert.deepEqual(attempts.ends(CLOSED, CLOSED, CLOSED, CLOSED), [5, 5, 5, 4]);
  });

  it('asked wrongly: closes over more than six seconds, or with something else between them, are no question of the version', () => {
    const slow = new Attempts();
    assert.deepEqual(
      Array.from({ length: 20 }, () => slow.end(CLOSED, 2100)),
      Array.from({ length: 20 }, () => 5),
    );
    const mixed = new Attempts();
    for (let i = 0; i < 5; i += 1) assert.deepEqual(mixed.ends(CLOSED, CLOSED, CLOSED, 'other'), [5, 5, 5, 5]);
  });

  it('counts the closes of each server of a list for itself', () => {
    const attempts = new Attempts();
    for (let i = 0; i < 3; i += 1) {
      assert.equal(attempts.end(CLOSED, 500, 'a'), 5);
      assert.equal(attempts.end('other', 500, 'b'), 5);
    }
    assert.equal(attempts.end(CLOSED, 500, 'b'), 5);
    assert.equal(attempts.end(CLOSED, 500, 'a'), 4);
  });

  it('is in doubt for three attempts out of four, so that an outage is not met with quick attempts for ever', () => {
    const attempts = new Attempts();
    const doubts = Array.from({ length: 8 }, () => {
      attempts.end(CLOSED, 2100);
      return attempts.versions.isInDoubt('mqtt://a:1883');
    });
    assert.deepEqual(doubts, [true, true, true, false, true, true, true, false]);
  });

  it('asked wrongly: after an accepted CONNECT neither closes nor refusals lead downwards, and what was asked for is never left', () => {
    const settled = new Attempts();
    assert.deepEqual(settled.ends('version-refused', 'accepted', CLOSED, CLOSED, CLOSED, CLOSED), [4, 4, 4, 4, 4, 4]);
    assert.deepEqual(settled.ends('version-refused', 'version-refused'), [4, 4]);
    const asked = new Attempts({ asked: 5 });
    assert.deepEqual(asked.ends('version-refused', CLOSED, CLOSED, CLOSED, CLOSED), [5, 5, 5, 5, 5]);
    assert.equal(new Attempts({ asked: 4 }).versions.because, undefined);
  });

  it('keeps the version of an epoch over closes, and over refusals when it was accepted with the settings of now', () => {
    const epoch = new Attempts({ epoch: 5, accepted: true });
    assert.deepEqual(epoch.ends(CLOSED, CLOSED, CLOSED, CLOSED, 'version-refused'), [5, 5, 5, 5, 5]);
    const older = new Attempts({ epoch: 4, accepted: true });
    assert.equal(older.versions.because, 'epoch');
    older.versions.tryUpwards(2 * HOUR_MS);
    assert.equal(older.versions.version, 4, 'and is not tried upwards');
    const elsewhere = new Attempts({ epoch: 5 });
    assert.deepEqual(elsewhere.ends(CLOSED, CLOSED, CLOSED, CLOSED, 'version-refused'), [5, 5, 5, 5, 4]);
  });

  it('tries the newest again at most once an hour, and goes back at once when it is not accepted', () => {
    const attempts = new Attempts();
    attempts.ends('version-refused', 'accepted');
    attempts.versions.tryUpwards(attempts.now + HOUR_MS - 1);
    assert.equal(attempts.versions.version, 4);
    attempts.now += HOUR_MS;
    attempts.versions.tryUpwards(attempts.now);
    assert.equal(attempts.versions.version, 5);
    assert.equal(attempts.versions.after({ outcome: CLOSED, server: 'a', now: attempts.now }), true);
    assert.equal(attempts.versions.version, 4);
    attempts.versions.tryUpwards(attempts.now + 1000);
    assert.equal(attempts.versions.version, 4, 'not twice in an hour');
    attempts.now += HOUR_MS;
    attempts.versions.tryUpwards(attempts.now);
    assert.deepEqual(attempts.ends('accepted', 'other', 'version-refused'), [5, 5, 5], 'what is accepted stays');
    assert.equal(attempts.versions.because, undefined);
  });

  it('does not take a timeout or a failed connect for a question of the version', () => {
    assert.deepEqual(new Attempts().ends('other', 'other', 'other', 'other', 'other'), [5, 5, 5, 5, 5]);
  });
});

describe('refusals (R24)', () => {
  const refusal = (code: ErrorCode, connected = false, now = 0): PossibleRefusal => ({
    error: new MillraceError(code, 'no', { retryable: false }),
    connected,
    now,
  });
  const OF_CONNECTS: readonly ErrorCode[] = [
    'NOT_AUTHORIZED',
    'BAD_CREDENTIALS',
    'CLIENT_ID_REJECTED',
    'CONNECTION_REFUSED_BY_BROKER',
    'UNSUPPORTED_PROTOCOL_VERSION',
    'TLS_REFUSED',
    'WRONG_PROTOCOL',
    'WEBSOCKET_REFUSED',
    'USER_FUNCTION_FAILED',
    // in the place of CONNACK
    'DISCONNECTED_BY_BROKER',
  ];

  it('are fatal at the first connect and outages after an accepted one, for ever', () => {
    for (const code of OF_CONNECTS) {
      const patience = new RefusalPatience(Number.POSITIVE_INFINITY, false);
      assert.equal(patience.judge(refusal(code)), 'fatal', code);
      patience.accepted();
      for (const now of [0, 1e6, 1e12]) assert.equal(patience.judge(refusal(code, false, now)), 'for-now', code);
    }
  });

  it('are outages where a live connection is authenticated anew', () => {
    const patience = new RefusalPatience(Number.POSITIVE_INFINITY, false);
    patience.accepted();
    for (const code of ['BAD_CREDENTIALS', 'NOT_AUTHORIZED', 'USER_FUNCTION_FAILED'] as const)
      assert.equal(patience.judge(refusal(code, true)), 'for-now', code);
  });

  it('of what is subscribed are outages only when all was granted once', () => {
    const patience = new RefusalPatience(Number.POSITIVE_INFINITY, false);
    patience.accepted();
    assert.equal(patience.judge(refusal('SUBSCRIPTION_REFUSED', true)), 'fatal');
    patience.granted();
    for (const code of [
      'SUBSCRIPTION_REFUSED',
      'GRANTED_QOS_TOO_LOW',
      'MESSAGE_TOO_LARGE',
      'DISCONNECTED_BY_BROKER',
    ] as const) {
      assert.equal(patience.judge(refusal(code, true)), 'for-now', code);
    }
  });

  it('are outages at the first connect of a process whose store was granted all with these settings', () => {
    const patience = new RefusalPatience(Number.POSITIVE_INFINITY, true);
    assert.equal(patience.judge(refusal('NOT_AUTHORIZED')), 'for-now');
    assert.equal(patience.judge(refusal('SUBSCRIPTION_REFUSED', true)), 'for-now');
  });

  it('by a CONNACK that takes back what the guarantee needs are outages once all was granted, and fatal before', () => {
    for (const limits of [{ maximumQoS: 1 }, { sessionExpiryInterval: 0 }] as const) {
      const error = checkGuarantee({ requireQos2: true, requireKeptSession: true }, { ...SERVER_LIMITS, ...limits });
      assert.ok(error);
      const patience = new RefusalPatience(5000, false);
      // CONNACK itself accepted us
      patience.accepted();
      assert.equal(patience.judge({ error, connected: true, now: 0 }), 'fatal');
      patience.granted();
      const at = (now: number): string => patience.judge({ error, connected: true, now });
      assert.deepEqual([at(0), at(4999), at(5000)], ['for-now', 'for-now', 'fatal']);
    }
  });

  it('asked wrongly: the loss of a session, a conflict, a full disk or a broken guarantee is no refusal that passes', () => {
    const patience = new RefusalPatience(Number.POSITIVE_INFINITY, true);
    for (const code of ['SESSION_LOST', 'CLIENT_ID_CONFLICT', 'STORE_FULL', 'GUARANTEE_UNSUPPORTED'] as const) {
      for (const connected of [false, true]) assert.equal(patience.judge(refusal(code, connected)), 'none', code);
    }
  });

  it('are fatal when they last for longer than the limit, which begins anew when all is granted', () => {
    const patience = new RefusalPatience(5000, true);
    const at = (now: number): string => patience.judge(refusal('NOT_AUTHORIZED', false, now));
    assert.deepEqual([at(1000), at(5999), at(6000)], ['for-now', 'for-now', 'fatal']);
    patience.granted();
    assert.deepEqual([at(7000), at(11_999), at(12_000)], ['for-now', 'for-now', 'fatal']);
    assert.equal(new RefusalPatience(0, true).judge(refusal('NOT_AUTHORIZED')), 'fatal', '0 is no patience');
  });
});

describe('server rotation', () => {
  const server = (host: string): ServerAddress => ({ protocol: 'mqtt', host, port: 1883, path: '' });

  it('passes the turn on after a failure and says when all have failed in a row', () => {
    const rotation = new ServerRotation([server('a'), server('b'), server('c')]);
    const turns = [1, 2, 3].map(() => [rotation.current.host, rotation.failed(false)]);
    assert.deepEqual(turns, [
      ['a', 'next'],
      ['b', 'next'],
      ['c', 'round-over'],
    ]);
    assert.equal(rotation.current.host, 'a');
  });

  it('asks the server that accepted us first again', () => {
    const rotation = new ServerRotation([server('a'), server('b')]);
    rotation.failed(false);
    rotation.accepted();
    assert.equal(rotation.current.host, 'b');
    assert.equal(rotation.failed(false), 'next');
    assert.equal(rotation.failed(false), 'round-over');
  });

  it('gives up only when every server failed for good', () => {
    const rotation = new ServerRotation([server('a'), server('b')]);
    assert.equal(rotation.failed(true), 'next');
    assert.equal(rotation.failed(false), 'round-over');
    assert.equal(rotation.failed(true), 'next');
    assert.equal(rotation.failed(true), 'hopeless');
  });
});

describe('suspicion of a client-id conflict (R19a)', () => {
  const lost = new MillraceError('CONNECTION_LOST', 'closed');
  const quiet: ConnectionEnd = {
    error: lost,
    byFin: true,
    connectedMs: 300,
    moved: false,
    unanswered: false,
    subscribing: false,
  };
  const taken = {
    ...quiet,
    byFin: false,
    error: new MillraceError('DISCONNECTED_BY_BROKER', 'taken', { reasonCode: 0x8e }),
  };
  const late: ConnectionEnd = { ...quiet, connectedMs: undefined, error: new MillraceError('TIMEOUT', 'no CONNACK') };
  const after = (watch: ConflictDetector, ...ends: readonly ConnectionEnd[]): readonly Suspicion[] =>
    ends.map((end) => watch.ended(end));

  it('is certainty when the broker names it three times in a row', () => {
    assert.deepEqual(after(new ConflictDetector(), taken, taken, taken), ['early', 'early', 'named']);
  });

  it('asked wrongly: one 0x8E, some with other ends between them, or minutes apart, name nothing', () => {
    assert.deepEqual(after(new ConflictDetector(), taken, taken, quiet, taken, taken).at(-1), 'early');
    const seldom = { ...taken, connectedMs: 60_000 };
    assert.deepEqual(after(new ConflictDetector(), seldom, seldom, seldom, seldom), [
      'early',
      'early',
      'early',
      'early',
    ]);
  });

  it('is named in the place of CONNACK, too', () => {
    const before = { ...taken, connectedMs: undefined };
    assert.deepEqual(after(new ConflictDetector(), before, taken, before), ['early', 'early', 'named']);
  });

  it('of two that throw each other out the newcomer has it first, when the other one was there for a minute', () => {
    const [settled, newcomer] = [new ConflictDetector(), new ConflictDetector()];
    let longest = 3_600_000;
    const turns: string[] = [];
    while (!turns.some((turn) => turn.endsWith('named'))) {
      // who connects ends the other
      turns.push(`settled ${settled.ended({ ...taken, connectedMs: longest })}`);
      longest = 300;
      turns.push(`newcomer ${newcomer.ended(taken)}`);
    }
    assert.equal(turns.at(-1), 'newcomer named');
    assert.deepEqual(
      turns.filter((turn) => turn.startsWith('settled')),
      Array(3).fill('settled early'),
    );
    const borne = after(settled, taken, taken, taken, taken);
    assert.deepEqual(borne, ['early', 'early', 'early', 'named'], 'for a while only');
    const closed = new ConflictDetector();
    const ends = after(closed, { ...quiet, connectedMs: 60_000 }, ...Array(7).fill(quiet));
    assert.deepEqual(ends.indexOf('examine'), 7, 'a trial comes later, too');
  });

  it('asked wrongly: CONNECTs of our own that were given up may each take the session over once', () => {
    const watch = new ConflictDetector();
    assert.deepEqual(after(watch, late, late, taken, taken, taken, taken).slice(2), [
      'early',
      'early',
      'early',
      'early',
    ]);
    assert.equal(watch.ended(taken), 'named');
  });

  it('asks for a trial after three early closes of quiet connections', () => {
    assert.deepEqual(after(new ConflictDetector(), quiet, quiet, quiet), ['early', 'early', 'examine']);
  });

  it('asks for a trial after six early ends, for two clients may fight over a busy session', () => {
    const moving = { ...quiet, moved: true };
    const reset = { ...quiet, byFin: false };
    const watch = new ConflictDetector();
    assert.deepEqual(after(watch, moving, moving, reset, moving, reset), ['early', 'early', 'none', 'early', 'none']);
    assert.equal(watch.ended(moving), 'examine');
    assert.equal(watch.longestMs, 300);
  });

  it('asked wrongly: resets in the middle of traffic, which are the network, count little', () => {
    const reset = { ...quiet, moved: true, byFin: false };
    const watch = new ConflictDetector();
    const resets = Array.from({ length: 23 }, () => reset);
    assert.ok(after(watch, ...resets).every((suspicion) => suspicion === 'none'));
    assert.equal(watch.ended(reset), 'examine', 'a fight in which the broker resets is found, too');
  });

  it('asked wrongly: ends with messages unanswered, which may be about one of them (R20a), count little, and resets not at all', () => {
    const unanswered = { ...quiet, moved: true, unanswered: true };
    const watch = new ConflictDetector();
    const resets = Array.from({ length: 50 }, () => ({ ...unanswered, byFin: false }));
    const closes = Array.from({ length: 23 }, () => unanswered);
    assert.ok(after(watch, ...resets, ...closes).every((suspicion) => suspicion === 'none'));
    assert.equal(watch.ended(unanswered), 'examine', 'a fight over a busy sink is found, too');
  });

  it('asked wrongly: late ends, other reasons and attempts that fail are no reason for a trial', () => {
    for (const harmless of [
      { ...quiet, connectedMs: 5000 },
      { ...quiet, error: new MillraceError('DISCONNECTED_BY_BROKER', 'busy', { reasonCode: 0x89 }) },
      { ...quiet, error: new MillraceError('PROTOCOL_ERROR', 'garbage') },
      { ...quiet, error: new MillraceError('TIMEOUT', 'no PINGRESP') },
    ]) {
      const watch = new ConflictDetector();
      assert.deepEqual(after(watch, quiet, quiet, harmless, quiet, quiet), [
        'early',
        'early',
        'none',
        'early',
        'early',
      ]);
    }
  });

  it('knows when all were closed at their SUBSCRIBE', () => {
    // as all of them are: the SUBSCRIBE is
    const subscribing = { ...quiet, subscribing: true, unanswered: true };
    const watch = new ConflictDetector();
    const ends = after(watch, ...Array.from({ length: 6 }, () => subscribing));
    assert.deepEqual(ends, [...Array(5).fill('early'), 'examine'], 'with short waits: it may be a fight');
    assert.equal(watch.onlyAtSubscribe, true);
    watch.acquit();
    after(watch, subscribing, quiet);
    assert.equal(watch.onlyAtSubscribe, false);
  });

  it('waits for twice as many ends after a trial that found nothing, and no less between attempts after the second', () => {
    const watch = new ConflictDetector();
    after(watch, quiet, quiet, quiet);
    watch.acquit();
    const ends = after(watch, ...Array(6).fill(quiet));
    assert.deepEqual(ends, [...Array(5).fill('early'), 'examine'], 'it may have been misled');
    watch.acquit();
    const later = after(watch, ...Array(12).fill(quiet));
    assert.deepEqual(later, [...Array(11).fill('none'), 'examine']);
  });
});
