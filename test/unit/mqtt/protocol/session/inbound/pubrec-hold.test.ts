import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ack, inbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

/** A server that sends as if PUBREC made room, and an owner that accepts and completes at once; messages have the ids from 1. */
class Rig extends SessionRig {
  constructor(receiveMaximum: number, storesIds = true) {
    super({ receiveMaximum, storesIds });
    this.connect().forget();
  }

  /** Hands over messages, which are stored: what was written. */
  send(from: number, to: number, dup = false): readonly string[] {
    this.serve(...Array.from({ length: to - from + 1 }, (_, index) => inbound(from + index, 2, { dup })));
    for (const event of this.events()) if (event.type === 'message') this.session.accept(event.token);
    return this.answers();
  }

  /** PUBREL of the server: the tokens that are to be completed. */
  release(packetId: number): number[] {
    this.serve(ack('pubrel', packetId));
    return this.events().flatMap((event) => (event.type === 'release' ? [event.token] : []));
  }

  complete(...tokens: number[]): readonly string[] {
    for (const token of tokens) this.session.complete(token);
    return this.answers();
  }

  later(ms: number): readonly string[] {
    this.now += ms;
    this.session.handleTimeout(this.now);
    // without the PINGREQ by which it asks whether its PUBCOMPs have come
    return this.answers().filter((answer) => answer !== 'pingreq');
  }
}

const pubrecs = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `pubrec ${from + index}`);

describe('PUBRECs for a server that exceeds Receive Maximum', () => {
  it('PH1: no more go out than messages may be unfinished, and a PUBCOMP is followed by one', () => {
    const rig = new Rig(3);
    assert.deepEqual(rig.send(1, 10), pubrecs(1, 3));
    const tokens = rig.release(1);
    assert.deepEqual(rig.answers(), [], 'a released message is not finished');
    assert.deepEqual(rig.complete(...tokens), ['pubcomp 1', 'pubrec 4']);
  });

  it('a server that keeps to it waits for none, and no timer is set', () => {
    const rig = new Rig(3);
    assert.deepEqual(rig.send(1, 3), pubrecs(1, 3));
    const before = rig.session.deadline();
    assert.ok(rig.later(999).length === 0 && rig.session.deadline() >= before);
    assert.deepEqual(rig.complete(...rig.release(1)), ['pubcomp 1']);
    assert.deepEqual(rig.send(4, 4), ['pubrec 4']);
  });

  it('PH2: where none is finished for a second as many more go out, and again', () => {
    const rig = new Rig(3);
    rig.send(1, 10);
    assert.equal(rig.session.deadline(), rig.now + 1000);
    assert.deepEqual(rig.later(999), []);
    assert.deepEqual(rig.later(1), pubrecs(4, 6));
    assert.deepEqual(rig.later(500), []);
    assert.deepEqual(rig.complete(...rig.release(1)), ['pubcomp 1', 'pubrec 7']);
    assert.deepEqual(rig.later(999), [], 'the second begins anew with each that is finished');
    assert.deepEqual(rig.later(1), pubrecs(8, 10));
  });

  it('R14a: what is kept back at the end of a connection is answered on the next one, when it comes again', () => {
    const rig = new Rig(3);
    rig.send(1, 5);
    rig.resume().forget();
    assert.deepEqual(rig.send(1, 5, true), pubrecs(1, 3));
    assert.deepEqual(rig.complete(...rig.release(1)), ['pubcomp 1', 'pubrec 4']);
  });

  it('a message that is dropped since its id came for another one keeps none back, neither by its place nor by its PUBREC', () => {
    const rig = new Rig(3);
    rig.serve(inbound(1, 2), inbound(2, 2), inbound(3, 2), inbound(4, 2), inbound(5, 2));
    const tokens = rig.events().flatMap((event) => (event.type === 'message' ? [event.token] : []));
    for (const token of tokens.slice(1)) rig.session.accept(token);
    assert.deepEqual(rig.answers(), [], 'the first is not accepted');
    rig.serve(inbound(1, 1));
    assert.deepEqual(rig.answers(), pubrecs(2, 4));
    rig.serve(inbound(2, 1));
    assert.deepEqual(rig.answers(), ['pubrec 5']);
  });

  it('PH3: what is kept back goes out before DISCONNECT', () => {
    const rig = new Rig(3);
    rig.send(1, 5);
    rig.session.disconnect();
    assert.deepEqual(rig.answers(), ['pubrec 4', 'pubrec 5', 'disconnect']);
  });

  it('without a store none is: a message that is done would come to the next process as a new one', () => {
    assert.deepEqual(new Rig(3, false).send(1, 10), pubrecs(1, 10));
  });
});
