import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, MillraceError } from '../../../../../src/errors/index.js';
import type { ConnectOptions } from '../../../../../src/mqtt/connection/options/connect-options.js';
import type { AttemptEnd, ReconnectPolicy } from '../../../../../src/mqtt/connection/reconnect/reconnect-policy.js';
import type { WantedSubscription } from '../../../../../src/mqtt/connection/subscriptions/wanted-subscription.js';
import { lostError } from '../../../../../src/mqtt/connection/transport/transport-error.js';
import { policyOf } from '../../../../support/reconnect/policy-of.js';

const FILTER: WantedSubscription = {
  filter: 't',
  qos: 1,
  noLocal: false,
  retainHandling: 1,
  retainAsPublished: false,
  subscriptionIdentifier: undefined,
};
const SERVER = { protocol: 'mqtts', host: 'h', port: 8883, path: '' } as const;

/** One that has been connected once. */
function established(options: ConnectOptions = {}, subscriptions: readonly WantedSubscription[] = []): ReconnectPolicy {
  const made = policyOf(options, subscriptions);
  made.accepted(0);
  return made;
}

function end(error: MillraceError | ErrorCode, connectedMs?: number): AttemptEnd {
  const made = error instanceof MillraceError ? error : new MillraceError(error, 'why');
  return {
    error: made,
    byFin: false,
    connectSent: true,
    connectedMs,
    moved: false,
    progressed: false,
    unanswered: false,
    subscribing: false,
    now: 0,
  };
}

const tlsError = (code: string): MillraceError => lostError(Object.assign(new Error(code), { code }), SERVER);

describe('reconnect policy', () => {
  it('outlasts an outage of any length, with waits up to the cap', () => {
    const long = established({ reconnectPeriod: 1000, maxReconnectPeriod: 30_000 });
    assert.deepEqual(long.after(end('CONNECTION_LOST', 60_000)), { do: 'retry', waitMs: 500 });
    const waits = Array.from({ length: 1000 }, () => long.after(end('CONNECT_FAILED')));
    assert.ok(waits.every((next) => next.do === 'retry'));
    assert.deepEqual(waits.at(-1), { do: 'retry', waitMs: 15_000 });
  });

  it('asks the next server of the list at once, and waits only when none is left', () => {
    const made = policyOf({
      servers: [
        { host: 'a', port: 1883 },
        { host: 'b', port: 1883 },
      ],
      reconnectPeriod: 1000,
    });
    const steps = Array.from({ length: 3 }, () => made.after(end('CONNECT_FAILED')));
    assert.deepEqual(
      steps.map((next) => next.do === 'retry' && next.waitMs),
      [0, 500, 0],
    );
  });

  it('tries again when TLS of an accepted connection breaks, whatever OpenSSL calls it', () => {
    for (const code of ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR']) {
      assert.equal(established().after(end(tlsError(code), 5000)).do, 'retry', code);
    }
  });

  it('tries again when the network corrupts a TLS record before CONNACK, but not when a certificate is refused', () => {
    for (const code of ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC']) {
      assert.equal(policyOf().after(end(tlsError(code))).do, 'retry', code);
    }
    assert.equal(policyOf().after(end(tlsError('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'))).do, 'fail');
  });

  it('takes what a proxy says in place of its broker for final only before the first connection', () => {
    const notFound = new MillraceError('WEBSOCKET_REFUSED', 'HTTP 404', { retryable: false });
    assert.equal(policyOf().after(end(notFound)).do, 'fail');
    assert.equal(established().after(end(notFound)).do, 'retry');
  });

  it('waits long after a refusal by who accepted it before, and says so (R24)', () => {
    const refused = end('NOT_AUTHORIZED');
    assert.equal(policyOf().after(refused).do, 'fail', 'at the first connect it is fatal');
    const made = established({ maxReconnectPeriod: 20_000 });
    assert.deepEqual(made.after(refused), { do: 'retry', waitMs: 15_000, refused: true });
    assert.deepEqual(made.after(refused), { do: 'retry', waitMs: 15_000, refused: true });
    assert.equal(established({ refusalTimeout: 0 }).after(refused).do, 'fail', 'unless a limit says otherwise');
    const fresh = established({ credentials: () => ({}) }).after(refused);
    assert.deepEqual(
      fresh,
      { do: 'retry', waitMs: 500, refused: true },
      'soon when the next credentials may be better',
    );
  });

  it('takes a refused subscription for final until all was granted once (R24)', () => {
    const made = established();
    assert.equal(made.after(end('SUBSCRIPTION_REFUSED', 10)).do, 'fail');
    made.granted();
    assert.equal(made.after(end('SUBSCRIPTION_REFUSED', 10)).do, 'retry');
  });

  it('asks the next server of a list at once when one refuses for now', () => {
    const servers = ['a', 'b'].map((host) => ({ host, port: 1883 }));
    const made = established({ servers, maxReconnectPeriod: 20_000 });
    assert.deepEqual(
      [1, 2].map(() => made.after(end('BAD_CREDENTIALS'))),
      [
        { do: 'retry', waitMs: 0, refused: true },
        { do: 'retry', waitMs: 15_000, refused: true },
      ],
    );
  });

  it('waits little between the closes before CONNACK that may come of the version, and as ever after them (R5d)', () => {
    const made = policyOf({ reconnectPeriod: 10_000, maxReconnectPeriod: 10_000 });
    const close = (now: number) => made.after({ ...end('CONNECTION_LOST'), now });
    const steps = [0, 1500, 3000, 4500, 4500, 4500].map((now) => [close(now), made.version]);
    assert.deepEqual(steps, [
      [{ do: 'retry', waitMs: 1500 }, 5],
      [{ do: 'retry', waitMs: 1500 }, 5],
      [{ do: 'retry', waitMs: 1500 }, 5],
      [{ do: 'retry', waitMs: 0 }, 4],
      [{ do: 'retry', waitMs: 0 }, 3],
      [{ do: 'retry', waitMs: 5000 }, 5],
    ]);
  });

  it('gives up on a packet above our maximum that ends five connections in a row, and says what to raise', () => {
    const made = established();
    const steps = Array.from({ length: 5 }, () => made.after(end('PACKET_TOO_LARGE', 10)));
    assert.deepEqual(
      steps.map((next) => next.do),
      ['retry', 'retry', 'retry', 'retry', 'fail'],
    );
    const last = steps.at(-1);
    assert.ok(last?.do === 'fail' && last.error.code === 'PACKET_TOO_LARGE');
    assert.match(last.error.advice ?? '', /maximumPacketSize/);
    made.after(end('CONNECTION_LOST', 10));
    assert.equal(made.after(end('PACKET_TOO_LARGE', 10)).do, 'retry', 'another end in between begins anew');
  });

  it('R22: a source gives up on bytes that end five connections in a row in the same way; a sink waits for better ones', () => {
    const source = established({}, [FILTER]);
    const qos3 = new MillraceError('MALFORMED_PACKET', 'publish with QoS 3');
    const other = new MillraceError('MALFORMED_PACKET', 'a field goes past the end of its packet');
    const ends = [qos3, qos3, qos3, qos3, other, qos3, qos3, qos3, qos3, qos3].map((error) =>
      source.after(end(error, 10)),
    );
    assert.deepEqual(
      ends.map((next) => next.do),
      [...new Array(9).fill('retry'), 'fail'],
    );
    const last = ends.at(-1);
    assert.ok(last?.do === 'fail' && last.error.code === 'MALFORMED_PACKET' && !last.error.retryable);
    const sink = established();
    for (let count = 0; count < 20; count += 1) assert.equal(sink.after(end(qos3, 10)).do, 'retry');
  });

  it('R22: another packet id in the same words is the same end, unless messages came meanwhile', () => {
    const asked = (id: number): MillraceError =>
      new MillraceError('PROTOCOL_ERROR', `suback for packet id ${id}, which asked for none`);
    const source = established({}, [FILTER]);
    const ends = [1, 2, 3, 4, 5].map((id) => source.after(end(asked(id), 10)).do);
    assert.deepEqual(ends, ['retry', 'retry', 'retry', 'retry', 'fail']);
    const busy = established({}, [FILTER]);
    for (let id = 1; id < 20; id += 1)
      assert.equal(busy.after({ ...end(asked(id), 10), progressed: true }).do, 'retry', String(id));
  });

  it('R22, R24: an answer to CONNECT that cannot be taken five times in a row is fatal before any was accepted, and an outage later', () => {
    const answer = new MillraceError('PROTOCOL_ERROR', 'connack with the code 5');
    for (const subscriptions of [[], [FILTER]]) {
      const first = policyOf({}, subscriptions);
      const steps = [answer, answer, answer, answer, 'CONNECT_FAILED' as const, ...new Array(5).fill(answer)];
      const ends = steps.map((error) => first.after(end(error)));
      assert.deepEqual(
        ends.map((next) => next.do),
        [...new Array(9).fill('retry'), 'fail'],
      );
      const last = ends.at(-1);
      assert.ok(last?.do === 'fail' && last.error.code === 'PROTOCOL_ERROR' && !last.error.retryable);
      const later = established({}, subscriptions);
      for (let count = 0; count < 20; count += 1) assert.equal(later.after(end(answer)).do, 'retry');
    }
  });

  it('R22: answers to CONNECT that cannot be taken are one end, however they differ', () => {
    const first = policyOf({}, [FILTER]);
    const ends = [1, 2, 3, 4, 5].map((at) =>
      first.after(
        end(new MillraceError(at % 2 === 0 ? 'PROTOCOL_ERROR' : 'MALFORMED_PACKET', `words ${'x'.repeat(at)}`)),
      ),
    );
    assert.deepEqual(
      ends.map((next) => next.do),
      [...new Array(4).fill('retry'), 'fail'],
    );
  });

  it('R22: servers of a list that answer by turns what cannot be taken are counted each, told, and given up together', () => {
    const servers = ['a', 'b'].map((host) => ({ host, port: 1883 }));
    const made = policyOf({ servers }, [FILTER]);
    const answers = [new MillraceError('PROTOCOL_ERROR', 'one'), new MillraceError('MALFORMED_PACKET', 'another')];
    const steps = Array.from({ length: 10 }, (_, at) => made.after(end(answers[at % 2] ?? 'INTERNAL')));
    assert.deepEqual(
      steps.map((next) => next.do),
      [...new Array(9).fill('retry'), 'fail'],
    );
    const told = steps.map((next) => (next.do === 'retry' ? next.unusable?.message : undefined));
    assert.deepEqual(
      told.map((text) => text !== undefined),
      [...new Array(8).fill(false), true, false],
    );
    const last = steps.at(-1);
    assert.ok(last?.do === 'fail' && last.error.code === 'MALFORMED_PACKET' && !last.error.retryable);
    assert.match(last.error.message, /on 5 connections in a row: another/);
  });

  it('asked wrongly: one server of a list that is away may come back, whatever the others answer', () => {
    const servers = ['a', 'b'].map((host) => ({ host, port: 1883 }));
    const owned = policyOf({ servers, autoReconnect: false });
    const answers = [new MillraceError('PROTOCOL_ERROR', 'one'), 'CONNECT_FAILED' as const];
    for (let at = 0; at < 40; at += 1) {
      const next = owned.after(end(answers[at % 2] ?? 'INTERNAL'));
      assert.ok(next.do === 'retry' || (next.do === 'rest' && next.error.retryable), 'its owner tries on');
    }
    const made = policyOf({ servers }, [FILTER]);
    const steps = Array.from({ length: 40 }, (_, at) => made.after(end(answers[at % 2] ?? 'INTERNAL')));
    assert.ok(steps.every((next) => next.do === 'retry'));
    assert.equal(steps.filter((next) => next.do === 'retry' && next.unusable !== undefined).length, 16);
  });

  it('is failed by a conflict that the broker names three times, and by one that a trial shows, and says which (R19a)', () => {
    const taken = new MillraceError('DISCONNECTED_BY_BROKER', 'taken over', { reasonCode: 0x8e });
    const made = established();
    const steps = [1, 2, 3].map(() => made.after(end(taken, 10)));
    assert.deepEqual(
      steps.map((next) => next.do),
      ['retry', 'retry', 'fail'],
    );
    const named = steps.at(-1);
    assert.ok(named?.do === 'fail' && named.error.code === 'CLIENT_ID_CONFLICT');
    assert.match(named.error.message, /^another client uses the client id "c": the broker said so when it ended 3/);
    const shown = established().examined('taken-over', 0);
    assert.equal(shown.error?.code, 'CLIENT_ID_CONFLICT');
    assert.match(shown.error?.message ?? '', /keeps one with another id/);
  });

  it('asked wrongly: a trial that finds no other client leads on, with the waits of an outage (R19a)', () => {
    for (const verdict of ['lived', 'away', 'unclear'] as const) {
      const made = established();
      const closes = [1, 2, 3].map(() => made.after({ ...end('CONNECTION_LOST', 10), byFin: true }));
      assert.deepEqual(closes.at(-1), { do: 'retry', waitMs: 0, examine: { longestMs: 10 } });
      assert.deepEqual(made.examined(verdict, 0), { next: { do: 'retry', waitMs: 500 } });
    }
  });

  it('speaks of the subscription when the broker closes at each SUBSCRIBE and keeps a connection without (S4)', () => {
    const closed = { ...end('CONNECTION_LOST', 10), byFin: true, subscribing: true };
    const first = established();
    for (let i = 0; i < 6; i += 1) first.after(closed);
    const refused = first.examined('lived', 0);
    assert.equal(refused.next.do, 'fail');
    assert.equal(refused.error?.code, 'SUBSCRIPTION_REFUSED');
    const later = established();
    later.granted();
    for (let i = 0; i < 6; i += 1) later.after(closed);
    assert.deepEqual(later.examined('lived', 0).next, { do: 'retry', waitMs: 22_500, refused: true }, 'R24');
    const away = established();
    for (let i = 0; i < 6; i += 1) away.after(closed);
    assert.equal(away.examined('away', 0).error, undefined);
  });
});
