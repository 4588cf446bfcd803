import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FinishedRig } from '../../../../../support/rigs/finished-rig.js';
import { ack, inbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

/*
 * R2b: a message that comes again although it is finished. The server is the test. What each rule is for is said by its counterexample:
 * the schedule in which the memory is asked wrongly, and a new message would be swallowed.
 */

const AGAIN = ['message-again', 'pubrec'];
const NEW = ['message'];
const SUSPECT = ['session-suspect', 'message'];

const kinds = (seen: readonly string[]) => seen.map((one) => one.split(' ')[0]);

/** A broker that counts: over a reconnect, with an id that was free below. Then 10 and 11 are finished, without a fence. */
const counting = () =>
  new FinishedRig().connect(false).finish(1, 2).fence().connect().finish(3, 4).fence().finish(10, 11);

/** As a broker that takes the lowest free id would do it. */
const lowestFree = () => new FinishedRig().connect(false).finish(1).fence().finish(1).connect().finish(1);

describe('R2b: a finished message that comes again', () => {
  it('is answered in its place, told and not delivered, and completed with success', () => {
    const finished = counting().connect();
    assert.deepEqual(finished.publish(10), ['message-again', 'pubrec 10']);
    assert.deepEqual(finished.release(10), ['pubcomp 10']);
  });

  it('is told again and again, while connections end before the broker knows', () => {
    const finished = counting();
    for (let time = 0; time < 3; time += 1) {
      assert.deepEqual(kinds(finished.connect().publish(10)), AGAIN);
      assert.deepEqual(kinds(finished.connect().publish(10)), AGAIN);
      assert.deepEqual(finished.release(10), ['pubcomp 10']);
    }
  });

  it('is told after a restart of the process, and by the state of a commit', () => {
    assert.deepEqual(kinds(counting().restart().publish(11)), AGAIN);
  });

  it('R14: has its PUBREC after those of all that came before it, although they wait for a commit', () => {
    const { rig } = counting().connect();
    rig.serve(inbound(12, 2));
    const [message] = rig.events();
    rig.serve({ ...inbound(10, 2, { dup: true }), payload: new TextEncoder().encode('m10') } as never);
    assert.deepEqual(rig.eventTypes(), ['message-again']);
    assert.deepEqual(rig.answers(), []);
    assert.ok(message?.type === 'message');
    rig.session.accept(message.token);
    assert.deepEqual(rig.answers(), ['pubrec 12', 'pubrec 10']);
  });

  it('is told in the first reconnect of a session, where a lower id was free and did not come', () => {
    const finished = new FinishedRig().connect(false).finish(1).fence().finish(2, 3).connect();
    assert.deepEqual(kinds(finished.publish(2)), AGAIN);
    assert.deepEqual(kinds(finished.publish(3)), AGAIN);
  });

  it('is told by its resolved topic, without what a re-send changes', () => {
    const rig = new SessionRig({ topicAliasMaximum: 5 });
    rig.connect({}, { sessionPresent: false });
    const send = (packetId: number, dup: boolean, topic: string, properties: object) =>
      rig.serve({ ...inbound(packetId, 2, { dup, topic, properties }) } as never);
    const finish = (packetId: number, token: number) => {
      rig.session.accept(token);
      rig.serve(ack('pubrel', packetId));
      rig.session.complete(token);
    };
    send(1, false, 'a', { topicAlias: 2 });
    finish(1, 0);
    rig.now = rig.session.deadline();
    rig.session.handleTimeout(rig.now);
    rig.serve({ type: 'pingresp' });
    send(2, false, '', { topicAlias: 2, messageExpiryInterval: 9, subscriptionIdentifiers: [7], contentType: 'x' });
    finish(2, 1);
    rig.resume().forget();
    send(2, true, 'a', { messageExpiryInterval: 3, contentType: 'x' });
    assert.deepEqual(rig.eventTypes(), ['message-again']);
  });
});

describe('R2b: what looks like a copy and is new', () => {
  it('(a) an id that nobody remembers', () => {
    assert.deepEqual(counting().connect().publish(12), NEW);
  });

  it('(b) other bytes, another topic, at a broker that counts: it is said', () => {
    assert.deepEqual(counting().connect().publish(10, { text: 'other' }), SUSPECT);
    assert.deepEqual(counting().connect().publish(10, { topic: 'other' }), SUSPECT);
  });

  it('(b) other bytes at a broker that uses ids again at once: nothing to say', () => {
    assert.deepEqual(lowestFree().connect().publish(1, { text: 'other' }), NEW);
  });

  it('(c) equal bytes at a broker that takes the lowest free id: delivered, and said', () => {
    assert.deepEqual(lowestFree().connect().publish(1), SUSPECT);
  });

  it('(c) equal bytes at a broker that begins to count anew on each connection: delivered, and said', () => {
    const restarted = new FinishedRig().connect(false).finish(1, 2, 3).fence().finish(4).connect();
    assert.deepEqual(kinds(restarted.publish(1, { text: 'm4' })), NEW, 'sent on a connection that nobody saw');
    const early = new FinishedRig().connect(false).finish(1, 2).connect();
    assert.deepEqual(early.publish(1), SUSPECT, 'before any id was known to be free');
  });

  it('(c) a broker whose ids jumped over a reconnect is not believed to count', () => {
    const jumped = new FinishedRig().connect(false).finish(1, 2).fence().connect().finish(700, 701).connect();
    assert.deepEqual(jumped.publish(701), SUSPECT);
  });

  it('(c) ids that go on only because all below are in use are no counting', () => {
    const { rig } = new FinishedRig().connect(false);
    rig.serve(inbound(1, 2), inbound(2, 2));
    rig.resume();
    rig.serve(inbound(1, 2, { dup: true }), inbound(2, 2, { dup: true }), inbound(3, 2));
    const { memory } = rig.session.state();
    assert.equal(memory?.counter.overReconnect, 'unseen');
  });

  it('(c) an id that is ahead of the newest is new, whatever had it a round ago', () => {
    const finished = counting();
    for (const id of [20_000, 40_000, 60_000]) finished.publish(id, { dup: false });
    assert.deepEqual(finished.connect().publish(10), SUSPECT);
  });

  it('the counter wraps: the ids before the wrap are still behind it', () => {
    const finished = counting();
    finished.publish(32_700, { dup: false });
    finished.publish(65_000, { dup: false });
    finished.finish(65_534, 65_535, 1).connect();
    assert.deepEqual(kinds(finished.publish(65_535)), AGAIN);
    assert.deepEqual(kinds(finished.publish(1)), AGAIN);
    assert.deepEqual(finished.publish(2), NEW);
  });

  it('R1: the first delivery of a message with DUP 1, after a crash before its commit', () => {
    const finished = counting();
    const next = finished.restart();
    assert.deepEqual(next.publish(12), NEW, 'it was sent to the process before, which took it with it');
    assert.deepEqual(next.publish(13), NEW);
  });

  it('a message at QoS 1 moves the newest: one counter has ids for both', () => {
    const finished = counting();
    finished.publish(12, { dup: false, qos: 1 });
    assert.deepEqual(kinds(finished.connect().publish(11)), AGAIN);
    finished.publish(5, { dup: false, qos: 1 });
    assert.deepEqual(finished.publish(10), NEW, 'F3: the counter went back');
  });
});

describe('R2b: when all is forgotten', () => {
  it('DUP 0 that is not ahead of the newest: the counter went back', () => {
    const finished = counting().connect();
    finished.publish(4, { dup: false });
    assert.deepEqual(finished.publish(10), NEW);
  });

  it('a message that a fence has shown to be finished comes with DUP 1: the broker went back', () => {
    const finished = counting().connect();
    assert.deepEqual(finished.publish(4), NEW);
    assert.deepEqual(finished.publish(10), NEW);
  });

  it('session-suspect: an id in use came for another message', () => {
    const finished = counting().connect();
    finished.publish(12, { dup: false });
    assert.deepEqual(finished.publish(12, { dup: false }), SUSPECT);
    assert.deepEqual(finished.publish(10), NEW);
  });

  it('R5: a new epoch, over which nothing was held', () => {
    const finished = counting().connect(false);
    assert.deepEqual(finished.publish(10), NEW);
  });

  it('R5: a new epoch that its owner begins', () => {
    const finished = counting();
    finished.publish(12, { dup: false });
    finished.connect(false);
    finished.rig.session.startEpoch('redeliver');
    assert.deepEqual(finished.publish(10), NEW);
  });

  it('what an earlier connection left, when a fence behind a new message shows that it was not sent again', () => {
    const finished = counting().connect().finish(12);
    assert.deepEqual(kinds(finished.publish(11)), AGAIN, 'before the fence');
    assert.deepEqual(finished.fence().publish(10), NEW);
  });

  it('but not what came again on this connection: it is under way, and may come once more', () => {
    const finished = counting().connect();
    assert.deepEqual(kinds(finished.publish(10)), AGAIN);
    assert.deepEqual(kinds(finished.finish(12).fence().connect().publish(10)), AGAIN);
    finished.release(10);
    finished.finish(13).fence();
    assert.deepEqual(finished.connect().publish(10), NEW);
  });
});

describe('R2b: the fence', () => {
  it('an id leaves when PINGRESP answers a PINGREQ written behind its PUBCOMP', () => {
    const finished = counting().fence().connect();
    assert.deepEqual(finished.publish(10), NEW);
  });

  it('an id stays when PINGRESP answers one that was written before it', () => {
    const finished = counting();
    finished.rig.now = finished.rig.session.deadline();
    finished.rig.session.handleTimeout(finished.rig.now);
    finished.finish(12);
    finished.rig.serve({ type: 'pingresp' });
    assert.deepEqual(kinds(finished.connect().publish(12)), AGAIN);
  });

  for (const kind of ['subscribe', 'unsubscribe'] as const) {
    it(`an id leaves when the answer to ${kind} comes, that was written behind its PUBCOMP`, () => {
      const finished = counting();
      const { session } = finished.rig;
      const packetId = kind === 'subscribe' ? session.subscribe([subscription]) : session.unsubscribe(['x']);
      const type = kind === 'subscribe' ? 'suback' : 'unsuback';
      finished.rig.serve({ type, packetId, reasonCodes: [0] });
      assert.deepEqual(finished.connect().publish(10), NEW);
    });
  }

  it('an answer on another connection shows nothing', () => {
    const finished = counting().connect();
    finished.fence();
    finished.rig.serve({ type: 'pingresp' });
    assert.deepEqual(kinds(finished.publish(10)), AGAIN);
  });

  it('is asked for a second after the first PUBCOMP, without keep-alive too, and one at a time', () => {
    const { rig } = new FinishedRig();
    rig.connect({ keepAlive: 0 }, { sessionPresent: false });
    assert.equal(rig.session.deadline(), Number.POSITIVE_INFINITY);
    complete(rig, 1, 0);
    assert.equal(rig.session.deadline(), rig.now, 'the first at once: it shows an id that is free');
    rig.session.handleTimeout(rig.now);
    assert.deepEqual(pings(rig), 1);
    rig.serve({ type: 'pingresp' });
    complete(rig, 2, 1);
    assert.equal(rig.session.deadline(), rig.now + 1000);
    rig.now += 1000;
    rig.session.handleTimeout(rig.now);
    assert.deepEqual(pings(rig), 1);
    complete(rig, 3, 2);
    assert.equal(rig.session.deadline(), Number.POSITIVE_INFINITY);
    rig.serve({ type: 'pingresp' });
    assert.equal(rig.session.deadline(), rig.now + 1000);
    rig.now += 1000;
    rig.session.handleTimeout(rig.now);
    assert.deepEqual(pings(rig), 1);
    rig.serve({ type: 'pingresp' });
    assert.equal(rig.session.deadline(), Number.POSITIVE_INFINITY);
  });

  it('is asked for at once behind a thousand PUBCOMPs', () => {
    const finished = new FinishedRig().connect(false).finish(1).fence();
    finished.finish(...Array.from({ length: 999 }, (_, index) => index + 2));
    assert.equal(finished.rig.session.deadline(), finished.rig.now + 1000);
    finished.finish(1001);
    assert.equal(finished.rig.session.deadline(), finished.rig.now);
  });

  it('goes out while nothing is read, and its missing answer does not end the connection', () => {
    const finished = counting();
    const { rig } = finished;
    rig.session.setReading(false, rig.now);
    rig.now += 1000;
    rig.session.handleTimeout(rig.now);
    assert.equal(pings(rig), 1);
    rig.session.setReading(true, rig.now);
    rig.now += 50_000;
    rig.session.handleTimeout(rig.now);
    assert.deepEqual(rig.eventTypes(), []);
  });

  it('keep-alive goes on beside it: its own PINGREQ goes out, and its silence ends the connection', () => {
    const { rig } = counting();
    rig.now += 1000;
    rig.session.handleTimeout(rig.now);
    rig.now += 60_000;
    rig.session.handleTimeout(rig.now);
    assert.equal(pings(rig), 2);
    rig.now += 10_000;
    rig.session.handleTimeout(rig.now);
    assert.deepEqual(rig.eventTypes(), ['close']);
  });
});

describe('R2b, R5a: a session that may not be ours', () => {
  const unproven = () => {
    const finished = counting();
    finished.rig.cut();
    finished.rig.connect({ unproven: true }, { sessionPresent: true }).forget();
    finished.rig.session.prove({ held: ['marker'], gone: [] });
    // the server is slow to answer: until then all messages wait (R14b)
    finished.rig.session.takeNew();
    finished.rig.forget();
    return finished;
  };

  it('answers nothing that comes again before it is proven, and keeps the order of its answers (R14)', () => {
    const finished = unproven();
    assert.deepEqual(finished.publish(10), []);
    assert.deepEqual(finished.publish(12, { dup: false }), NEW);
    finished.rig.serve({ type: 'unsuback', packetId: 60_001, reasonCodes: [0] });
    assert.deepEqual(finished.rig.eventTypes(), ['session-proven', 'message-again']);
    assert.deepEqual(finished.rig.answers(), ['pubrec 10']);
  });

  it('delivers it when the session turns out to be another', () => {
    const finished = unproven();
    assert.deepEqual(finished.publish(10), []);
    finished.rig.serve({ type: 'unsuback', packetId: 60_001, reasonCodes: [0x11] });
    assert.deepEqual(finished.rig.eventTypes(), ['session-lost']);
    finished.rig.session.startEpoch('redeliver');
    assert.deepEqual(finished.rig.eventTypes(), ['message']);
    assert.deepEqual(finished.rig.answers(), []);
  });
});

const subscription = { filter: 'x', qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

const pings = (rig: SessionRig): number => rig.answers().filter((one) => one === 'pingreq').length;

function complete(rig: SessionRig, packetId: number, token: number): void {
  rig.serve(inbound(packetId, 2));
  rig.session.accept(token);
  rig.serve(ack('pubrel', packetId));
  rig.session.complete(token);
  rig.forget();
}
