import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionState } from '../../../../../../src/mqtt/protocol/index.js';
import { MessageDigests } from '../../../../../../src/mqtt/protocol/session/finished/message-digests.js';
import { InboundRows } from '../../../../../../src/mqtt/protocol/session/inbound/inbound-rows.js';
import { RowCopies } from '../../../../../../src/mqtt/protocol/session/inbound/row-copies.js';
import { FinishedRig } from '../../../../../support/rigs/finished-rig.js';
import { ack, inbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

/*
 * R2c: mosquitto 2.0.11 hands out all of a backlog, and its counter of ids comes round when that is longer than there are ids: a second
 * message has an id while the first is not finished. Its second round is sent again after a cut with DUP 1, as the first is.
 */

const IDS = 65_535;
const idOf = (number: number): number => 1 + (number % IDS);

/** A source whose server hands out a backlog: message `n` has the text "n", and the id that is its turn. */
class Backlog {
  readonly rig: SessionRig;
  /** Of the next message. */
  token: number;

  constructor(state?: SessionState) {
    this.rig = new SessionRig(state === undefined ? {} : { state });
    this.token = state === undefined ? 0 : state.inbound.length;
    this.rig.connect({}, { sessionPresent: state !== undefined }).forget();
  }

  /** Hands over messages; the types of the events, each once. */
  send(from: number, to: number, dup = false): readonly string[] {
    const text = new TextEncoder();
    const packets = Array.from({ length: to - from }, (_, index) => ({
      ...inbound(idOf(from + index), 2, { dup }),
      payload: text.encode(String(from + index)),
    }));
    this.rig.serve(...(packets as never[]));
    const types = this.rig.eventTypes();
    this.token += types.filter((type) => type === 'message').length;
    return [...new Set(types)];
  }

  /** All that was taken is in a commit. */
  accept(): this {
    for (let token = 0; token < this.token; token += 1) this.rig.session.accept(token);
    return this.forget();
  }

  /** PUBREL, and the commit without the message: what was written. */
  finish(number: number): readonly string[] {
    this.rig.serve(ack('pubrel', idOf(number)));
    for (const event of this.rig.events()) if (event.type === 'release') this.rig.session.complete(event.token);
    return this.rig.answers();
  }

  /** The next process, which has what a commit has of this one: the ids of the first messages. */
  restart(committed = Number.POSITIVE_INFINITY): Backlog {
    const { finished } = this.rig.session.changedInboundMemory();
    const state = structuredClone(this.rig.session.state());
    const memory = state.memory && { ...state.memory, finished };
    const inbound = state.inbound.filter(({ stage }, index) => index < committed && stage !== 'releasing');
    return new Backlog({
      ...state,
      inbound: inbound.map((row, token) => ({ ...row, token, stage: 'accepted' })),
      ...(memory && { memory }),
    });
  }

  forget(): this {
    this.rig.forget();
    return this;
  }
}

/** One that has two messages under each of the first three ids. */
function roundTwice(): Backlog {
  const backlog = new Backlog();
  backlog.send(0, IDS + 3);
  return backlog.accept();
}

/** One whose server was seen to count on over a reconnect, with messages up to this one. */
function counting(to: number): Backlog {
  const backlog = new Backlog();
  backlog.send(0, 10);
  backlog.accept().finish(0);
  const { rig } = backlog;
  rig.now = rig.session.deadline();
  rig.session.handleTimeout(rig.now);
  rig.serve({ type: 'pingresp' });
  rig.resume().forget();
  backlog.send(10, to);
  return backlog.accept();
}

describe('R2c: an id that is given twice', () => {
  it('is that of two messages: both are taken, and nothing is suspected', () => {
    const backlog = new Backlog();
    assert.deepEqual(backlog.send(0, IDS + 3), ['message']);
    assert.equal(backlog.token, IDS + 3);
  });

  it('both come again after a kill: each is answered, and neither taken', () => {
    const again = roundTwice().restart();
    assert.deepEqual(again.send(0, 3, true), []);
    assert.deepEqual(again.send(IDS, IDS + 3, true), []);
    assert.deepEqual(again.rig.answers(), ['pubrec 1', 'pubrec 2', 'pubrec 3', 'pubrec 1', 'pubrec 2', 'pubrec 3']);
  });

  it('the second was in no commit: it is taken when it comes again, and the first is not', () => {
    const again = roundTwice().restart(IDS);
    assert.deepEqual(again.send(0, 3, true), []);
    assert.deepEqual(again.send(IDS, IDS + 3, true), ['message']);
    assert.equal(again.token, IDS + 3);
  });

  it('PUBREL is of the first, then of the second', () => {
    const backlog = roundTwice();
    assert.deepEqual(backlog.finish(0), ['pubcomp 1']);
    assert.deepEqual(backlog.rig.session.state().inbound.at(0)?.packetId, 2);
    assert.deepEqual(backlog.rig.session.state().inbound.at(-3)?.packetId, 1);
    backlog.rig.resume().forget();
    assert.deepEqual(backlog.send(IDS, IDS + 1, true), [], 'the second is known');
    assert.deepEqual(backlog.rig.answers(), ['pubrec 1']);
    backlog.finish(0);
    assert.deepEqual(backlog.rig.session.state().inbound.at(-3)?.packetId, IDS);
  });

  it('a commit that forgets the first knows the second, and takes it for no copy where it has it not', () => {
    const backlog = roundTwice();
    backlog.rig.serve(ack('pubrel', 1));
    const known = backlog.restart();
    assert.deepEqual(known.send(IDS, IDS + 1, true), []);
    const unknown = backlog.restart(IDS - 1);
    assert.deepEqual(unknown.send(IDS, IDS + 1, true), ['message']);
  });

  it('R2b: a finished one that comes again is known, however far behind the newest', () => {
    const backlog = counting(60_000);
    for (let number = 1; number < 100; number += 1) backlog.finish(number);
    backlog.rig.resume().forget();
    assert.deepEqual(backlog.send(50, 100, true), ['message-again']);
  });

  it('F4: the first is finished: the second is no copy of itself, when it was in no commit', () => {
    const backlog = counting(IDS + 3);
    backlog.finish(1);
    assert.deepEqual(backlog.restart(IDS - 3).send(IDS + 1, IDS + 2, true), ['message']);
  });

  it('above a bound an id has one message again, and the other is suspected to be of a lost session', () => {
    const rows = new InboundRows();
    const copies = new RowCopies(rows, new MessageDigests());
    let token = 0;
    const fill = (count: number) => {
      for (; token < count; token += 1) rows.add(idOf(token), token, { reasonCode: 0, digest: token });
      return copies.cameRound;
    };
    assert.equal(fill(32_767), false);
    assert.equal(fill(32_768), true);
    assert.equal(fill(4 * IDS - 1), true);
    assert.equal(fill(4 * IDS), false);
  });
});

describe('R2a: an id that is known', () => {
  it('DUP 1 with other bytes is another message: it is taken and told, and not swallowed', () => {
    const { rig } = new FinishedRig().connect(false);
    rig.serve(inbound(1, 2));
    rig.session.accept(0);
    rig.resume().forget();
    const other = { ...inbound(1, 2, { dup: true }), payload: new Uint8Array(2) };
    rig.serve(other as never);
    assert.deepEqual(rig.eventTypes(), ['session-suspect', 'message']);
    assert.deepEqual(rig.answers(), []);
  });
});
