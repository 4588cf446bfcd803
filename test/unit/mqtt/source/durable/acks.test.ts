import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromStoredPages, toStoredMemory } from '../../../../../src/mqtt/source/durable/stored-memory.js';
import { DurableSourceRig, message } from '../../../../support/rigs/durable-source-rig.js';
import { ack } from '../../../../support/rigs/session-rig.js';
import { storedIds } from '../../../../support/rigs/stored-ids.js';
import { settlesWithin } from '../../../../support/settles-within.js';

const start = () => new DurableSourceRig().connect(false);

/** At a broker that has shown how its ids count: no PUBCOMP is held back before a first fence (R2b). */
const startCounted = () => {
  const counter = { newest: 0, run: 0, overReconnect: 'counted', free: 0 } as const;
  const memory = toStoredMemory({ finished: new Uint16Array(), counter });
  return new DurableSourceRig({
    epoch: 1,
    pages: new Map(),
    state: { epoch: 1, inbound: new Uint16Array(), memory },
  }).connect(true);
};

describe('durable source: before the commit', () => {
  it('R1: sends neither PUBACK nor PUBREC before the commit of the effect is durable', () => {
    const rig = start().serve(message(1, 'a'), message(2, 'b', { qos: 1 }));
    assert.deepEqual(rig.poll(), ['a', 'b']);
    assert.deepEqual(rig.answers(), []);
    const commit = rig.seal();
    commit.store();
    assert.deepEqual(rig.answers(), []);
    commit.finish();
    assert.deepEqual(rig.answers(), ['pubrec 1', 'puback 2']);
  });

  it('R1: what is polled and above the committed position is not acknowledged', () => {
    const rig = start().serve(message(1, 'a'), message(2, 'b'), message(3, 'c'));
    rig.poll();
    rig.commit(1);
    assert.deepEqual(rig.answers(), ['pubrec 1', 'pubrec 2']);
    rig.commit(2);
    assert.deepEqual(rig.answers(), ['pubrec 3']);
  });

  it('a crash before the commit: the message comes again, once', () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.seal();
    const next = rig
      .crash()
      .connect(true)
      .serve(message(1, 'a', { dup: true }));
    assert.deepEqual(next.poll(), ['a']);
    next.commit();
    assert.deepEqual(next.answers(), ['pubrec 1']);
  });

  it('R1: an id whose message a commit does not cover is not in it: polled or not, the message comes again', () => {
    const rig = start().serve(message(1, 'a'), message(2, 'b'), message(3, 'c'));
    assert.deepEqual(rig.poll(2), ['a', 'b']);
    rig.commit(0);
    const next = rig.crash().connect(true);
    next.serve(message(1, 'a', { dup: true }), message(2, 'b', { dup: true }), message(3, 'c', { dup: true }));
    assert.deepEqual(next.poll(), ['b', 'c']);
  });

  it('R2a: a copy that comes before the commit is neither delivered again nor answered before it', () => {
    const rig = start().serve(message(1, 'a'));
    assert.deepEqual(rig.poll(), ['a']);
    rig.cut();
    rig.connect(true).serve(message(1, 'a', { dup: true }));
    assert.deepEqual(rig.poll(), []);
    assert.deepEqual(rig.answers(), []);
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubrec 1']);
  });
});

describe('durable source: after the commit', () => {
  it('R2: a crash before PUBREC: the copy is answered and not delivered', () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.seal().store();
    const next = rig
      .crash()
      .connect(true)
      .serve(message(1, 'a', { dup: true }));
    assert.deepEqual(next.answers(), ['pubrec 1']);
    assert.deepEqual(next.poll(), []);
  });

  it('R2: the id stays in every commit until its PUBREL', () => {
    let rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.commit();
    for (let round = 0; round < 3; round += 1) {
      rig.serve(message(10 + round, `x${round}`));
      rig.poll();
      rig.commit();
      rig = rig.crash().connect(true);
    }
    rig.serve(message(1, 'a', { dup: true }));
    assert.deepEqual(rig.poll(), []);
    assert.deepEqual(rig.answers(), ['pubrec 1']);
  });

  it('R2: the ids that were restored are in a commit that covers nothing new', () => {
    const rig = start().serve(message(1, 'a'), message(2, 'b'));
    rig.poll();
    rig.commit();
    const second = rig.crash().connect(true).serve(ack('pubrel', 1));
    second.commit(-1);
    assert.deepEqual(second.answers(), ['pubcomp 1']);
    const third = second
      .crash()
      .connect(true)
      .serve(message(2, 'b', { dup: true }));
    assert.deepEqual(third.poll(), []);
    assert.deepEqual(third.answers(), ['pubrec 2']);
  });

  it('R2: an id of a snapshot that is not durable yet is in the next one too', () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.seal();
    rig.serve(message(2, 'b'));
    rig.poll();
    rig.seal().store();
    const next = rig
      .crash()
      .connect(true)
      .serve(message(1, 'a', { dup: true }), message(2, 'b', { dup: true }));
    assert.deepEqual(next.poll(), []);
    assert.deepEqual(next.answers(), ['pubrec 1', 'pubrec 2']);
  });

  it('a mark covers the snapshots before it', () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.seal();
    rig.serve(message(2, 'b'));
    rig.poll();
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubrec 1', 'pubrec 2']);
  });

  it('R14: PUBRECs go out in the order of receipt', () => {
    const rig = start().serve(message(9, 'a'), message(3, 'b'), message(7, 'c'));
    rig.poll();
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubrec 9', 'pubrec 3', 'pubrec 7']);
  });

  it('R14a: a commit that ends after a cut answers nothing on the new connection before the copy comes there', () => {
    const rig = start().serve(message(1, 'a'), message(2, 'q', { qos: 1 }));
    rig.poll();
    const commit = rig.seal();
    rig.cut();
    rig.connect(true);
    commit.finish();
    assert.deepEqual(rig.answers(), []);
    rig.serve(message(1, 'a', { dup: true }), message(2, 'q', { qos: 1, dup: true }));
    assert.deepEqual(rig.answers(), ['pubrec 1']);
    assert.deepEqual(rig.poll(), ['q'], 'QoS 1 comes twice');
  });
});

describe('durable source: finished messages', () => {
  /** A message that is taken to its end, whose PUBCOMP has no fence. */
  const finished = () => {
    const rig = startCounted().serve(message(5, 'a'));
    rig.poll();
    rig.commit().serve(ack('pubrel', 5)).commit();
    assert.deepEqual(rig.answers(), ['pubrec 5', 'pubcomp 5']);
    return rig;
  };

  it('R2b: a crash, and the broker sends one again: it is answered and not delivered, by what several commits have stored', () => {
    const next = finished()
      .crash()
      .connect(true)
      .serve(message(5, 'a', { dup: true }));
    assert.deepEqual(next.poll(), []);
    assert.deepEqual(next.answers(), ['pubrec 5']);
  });

  it('R2b, F4: a new message has its id, and there is a crash before its commit: it is delivered when it comes again', () => {
    const rig = finished().serve(message(20_000, 'b'), message(40_000, 'c'), message(5, 'new'));
    assert.deepEqual(rig.poll(2), ['b', 'c']);
    rig.commit();
    const next = rig
      .crash()
      .connect(true)
      .serve(message(5, 'new', { dup: true }));
    assert.deepEqual(next.poll(), ['new']);
  });

  it('pages that no MQTT source has stored are STORE_CORRUPT', () => {
    const bytes = new Uint8Array(256);
    assert.equal(fromStoredPages(new Map([['0', bytes]]), 's').length, 1);
    for (const [page, value] of [
      ['x', bytes],
      ['1024', bytes],
      ['0', bytes.subarray(1)],
      ['0', new Uint8Array(257)],
    ] as const) {
      assert.throws(() => fromStoredPages(new Map([[page, value]]), 's'), { code: 'STORE_CORRUPT' });
    }
  });
});

describe('durable source: PUBREL', () => {
  const accepted = (rig = start()) => {
    rig.serve(message(1, 'a'));
    rig.poll();
    rig.commit();
    rig.answers();
    return rig;
  };

  it('R3: PUBCOMP only after a commit without the id', () => {
    const rig = accepted().serve(ack('pubrel', 1));
    assert.deepEqual(rig.answers(), []);
    const commit = rig.seal();
    commit.store();
    assert.deepEqual(rig.answers(), []);
    commit.finish();
    assert.deepEqual(rig.answers(), ['pubcomp 1']);
    assert.equal(rig.broker.session.state().inbound.length, 0);
  });

  it('R3: a PUBREL that comes after a snapshot was taken waits for the next', () => {
    const rig = accepted();
    const commit = rig.seal();
    rig.serve(ack('pubrel', 1));
    commit.finish();
    assert.deepEqual(rig.answers(), []);
    const next = rig
      .crash()
      .connect(true)
      .serve(message(1, 'a', { dup: true }));
    assert.deepEqual(next.poll(), [], 'the durable snapshot has the id still');
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubcomp 1']);
  });

  it('R3: a crash between PUBREL and its commit: the PUBREL comes again and is answered after a commit', () => {
    const rig = accepted().serve(ack('pubrel', 1));
    rig.seal();
    const next = rig.crash().connect(true).serve(ack('pubrel', 1));
    assert.deepEqual(next.answers(), []);
    next.commit();
    assert.deepEqual(next.answers(), ['pubcomp 1']);
  });

  it('R3: a new message under a freed id is delivered, also after a crash', () => {
    const rig = accepted().serve(ack('pubrel', 1)).commit();
    rig.serve(message(1, 'b'));
    const next = rig
      .crash()
      .connect(true)
      .serve(message(1, 'b', { dup: true }));
    assert.deepEqual(next.poll(), ['b']);
  });

  it('R4: PUBREL for an id that a commit has forgotten is answered, never an error', () => {
    const rig = accepted().serve(ack('pubrel', 1));
    rig.seal().store();
    const next = rig.crash().connect(true).serve(ack('pubrel', 1));
    assert.deepEqual(next.answers(), ['pubcomp 1 0x92']);
  });

  it('R14a: after a cut PUBCOMP waits for the PUBREL of the new connection', () => {
    const rig = accepted(startCounted()).serve(ack('pubrel', 1));
    const commit = rig.seal();
    rig.cut();
    rig.connect(true);
    commit.finish();
    assert.deepEqual(rig.answers(), []);
    rig.serve(ack('pubrel', 1));
    assert.deepEqual(rig.answers(), ['pubcomp 1 0x92'], 'its removal is durable');
  });

  it('one that comes again before its commit is answered once', () => {
    const rig = accepted().serve(ack('pubrel', 1));
    rig.cut();
    rig.connect(true).serve(ack('pubrel', 1), ack('pubrel', 1));
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubcomp 1']);
    assert.equal(rig.reader.dirty, false);
  });

  it('of a message that matches no filter: acknowledged at once, for it has no effect, and its id is forgotten by a commit', () => {
    const rig = start().serve(message(1, 'a'), message(2, 'stray', { topic: 'other' }), message(3, 'c'));
    assert.deepEqual(rig.poll(), ['a', 'c']);
    assert.deepEqual(rig.answers(), [], 'R14: not before what came before it');
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubrec 1', 'pubrec 2', 'pubrec 3']);
    rig.serve(ack('pubrel', 2));
    assert.deepEqual(rig.answers(), []);
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubcomp 2']);
  });
});

describe('durable source: when it asks for a commit', () => {
  it('is dirty and ready for a lone PUBREL, once, until a snapshot has taken it', async () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.commit();
    rig.answers();
    assert.equal(rig.reader.dirty, false);
    const ready = rig.reader.ready();
    rig.serve(ack('pubrel', 1));
    await ready;
    assert.equal(rig.reader.dirty, true);
    assert.equal(await settlesWithin(rig.reader.ready(), 20), false, 'no news');
    const commit = rig.seal();
    assert.equal(rig.reader.dirty, false);
    commit.finish();
    assert.deepEqual(rig.answers(), ['pubcomp 1']);
  });

  it('tells a PUBREL that came while nobody waited', async () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.commit();
    rig.serve(ack('pubrel', 1));
    await rig.reader.ready();
    assert.equal(await settlesWithin(rig.reader.ready(), 20), false);
  });

  it('does not wake for a PUBREL that a snapshot has taken already', async () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.commit();
    rig.serve(ack('pubrel', 1));
    rig.commit();
    assert.equal(await settlesWithin(rig.reader.ready(), 20), false);
  });

  it('a PUBREL of every id in a full window is one commit', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => index + 1);
    const rig = startCounted().serve(...ids.map((id) => message(id, `${id}`)));
    assert.equal(rig.poll().length, 1000);
    rig.commit();
    assert.equal(rig.answers().length, 1000);
    rig.serve(...ids.map((id) => ack('pubrel', id)));
    rig.commit();
    assert.equal(rig.answers().length, 1000);
    assert.equal(rig.reader.dirty, false);
  });
});

describe('durable source: a lost session', () => {
  it('R5: the ids of the old epoch swallow nothing of the new one, also after a crash before its first commit', () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.commit();
    const second = rig.crash().connect(false);
    const third = second
      .crash()
      .connect(true)
      .serve(message(1, 'b', { dup: true }));
    assert.deepEqual(third.poll(), ['b']);
  });

  it('R5: a state that was taken while the loss is not settled counts as of the old epoch', () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.cut();
    rig.broker.connect({}, { sessionPresent: false });
    const before = rig.reader.snapshot(0).state;
    assert.deepEqual(storedIds(before), { epoch: 1, inbound: Uint16Array.of(1, 1) });
    rig.broker.session.startEpoch('redeliver');
    assert.deepEqual(rig.broker.session.state().inbound, []);
  });

  it('what was polled and not committed has its effect, and nothing of it is acknowledged in the new session', () => {
    const rig = start().serve(message(1, 'a'), message(2, 'b'));
    assert.deepEqual(rig.poll(1), ['a']);
    rig.cut();
    rig.connect(false);
    assert.deepEqual(rig.poll(), ['b'], 'the only copy');
    rig.serve(message(1, 'c'));
    assert.deepEqual(rig.poll(), ['c']);
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubrec 1']);
    assert.deepEqual(storedIds(rig.reader.snapshot(10).state), { epoch: 2, inbound: Uint16Array.of(1, 1) });
  });

  it('R5a: a new message under an id of the committed set is delivered, and the state is to be committed', () => {
    const rig = start().serve(message(1, 'a'));
    rig.poll();
    rig.commit();
    rig.answers();
    rig.serve(message(1, 'b'));
    assert.equal(rig.reader.dirty, true);
    assert.deepEqual(rig.poll(), ['b']);
    rig.commit();
    assert.deepEqual(rig.answers(), ['pubrec 1']);
  });
});
