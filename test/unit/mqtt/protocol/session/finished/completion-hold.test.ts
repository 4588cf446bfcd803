import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Packet } from '../../../../../../src/mqtt/protocol/index.js';
import { fromIdRuns } from '../../../../../../src/mqtt/protocol/session/inbound/id-runs.js';
import { ack, inbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

/*
 * R2b before the first fence: no copy can be told yet, so one message at a time is finished without the server's word. The server is the
 * test. What each rule is for is said by its counterexample.
 */

const IDS = [1, 2, 3, 4];

/** The messages came, and are accepted. */
function taken(rig: SessionRig, ids: readonly number[] = IDS): SessionRig {
  rig.serve(...ids.map((id) => inbound(id, 2)));
  for (const event of rig.events()) if (event.type === 'message') rig.session.accept(event.token);
  return rig.forget();
}

/** The server sends; the owner completes what was released. Gives what was written. */
function served(rig: SessionRig, ...packets: readonly Packet[]): readonly string[] {
  rig.serve(...packets);
  for (const event of rig.events()) if (event.type === 'release') rig.session.complete(event.token);
  return rig.answers();
}

const releases = (ids: readonly number[] = IDS) => ids.map((id) => ack('pubrel', id));
const copies = (ids: readonly number[]) => ids.map((id) => inbound(id, 2, { dup: true }));

/** A fresh session whose messages are released, so that all but the first wait. The PINGREQ is out. */
function held(version: 5 | 4 = 5): SessionRig {
  const rig = taken(new SessionRig().connect({ version, keepAlive: 0 }, { sessionPresent: false }).forget());
  assert.deepEqual(served(rig, ...releases()), ['pubcomp 1']);
  assert.equal(rig.session.deadline(), rig.now, 'the fence goes out right behind it');
  ask(rig);
  return rig;
}

/** The fence is due at once, and goes out. */
function ask(rig: SessionRig): void {
  wait(rig, 0);
  assert.deepEqual(rig.answers(), ['pingreq']);
}

function wait(rig: SessionRig, ms: number): void {
  rig.now += ms;
  rig.session.handleTimeout(rig.now);
}

const stages = (rig: SessionRig) => rig.session.state().inbound.map(({ packetId, stage }) => `${packetId} ${stage}`);

for (const version of [5, 4] as const) {
  describe(`R2b: before the first fence one message is completed, and the others wait (version ${version})`, () => {
    it('for the answer to the fence, which lets all of them be completed', () => {
      const rig = held(version);
      assert.deepEqual(stages(rig), ['2 releasing', '3 releasing', '4 releasing']);
      assert.deepEqual(served(rig, { type: 'pingresp' }), ['pubcomp 2', 'pubcomp 3', 'pubcomp 4']);
      assert.deepEqual(stages(rig), []);
    });

    it('nothing waits once a fence was seen', () => {
      const rig = taken(held(version), [5, 6]);
      served(rig, { type: 'pingresp' });
      assert.deepEqual(served(rig, ...releases([5, 6])), ['pubcomp 5', 'pubcomp 6']);
    });

    it('a connection that ends: a copy of each of the others is answered (R2), and they come to their end', () => {
      const rig = held(version);
      rig.resume({ version, keepAlive: 0 }).forget();
      rig.serve(...copies([2, 3, 4]));
      assert.deepEqual(rig.eventTypes(), []);
      assert.deepEqual(rig.answers(), ['pubrec 2', 'pubrec 3', 'pubrec 4']);
      assert.deepEqual(served(rig, ...releases([2, 3, 4])), ['pubcomp 2']);
      ask(rig);
      const first = served(rig, inbound(5, 2), { type: 'pingresp' });
      assert.deepEqual(
        first,
        ['pubcomp 3'],
        'what the first connection left in doubt is settled, and no id is known to be free',
      );
      ask(rig);
      assert.deepEqual(served(rig, { type: 'pingresp' }), ['pubcomp 4']);
      assert.deepEqual(stages(rig), ['5 taken']);
    });
  });
}

describe('R2b: what is left', () => {
  it('the one message whose PUBCOMP went down: its copy is new, and said', () => {
    const rig = held().resume().forget();
    rig.serve(...copies(IDS));
    assert.deepEqual(rig.eventTypes(), ['session-suspect', 'message']);
  });

  it('a crash: what the commit has forgotten (R3) is in the memory of the commit, although it waits', () => {
    const rig = held();
    const { finished } = rig.session.changedInboundMemory();
    assert.deepEqual(fromIdRuns(finished).sort(), IDS);
    assert.deepEqual([...rig.session.inboundIdRuns(3)], []);
  });
});

describe('R2b: completing waits, and nothing stands still for it', () => {
  it('a server that never answers PINGREQ and goes on: after a second all are completed', () => {
    const rig = held();
    assert.deepEqual(served(rig, inbound(5, 2)), [], 'it may yet answer');
    assert.equal(rig.session.deadline(), rig.now + 1000);
    wait(rig, 1000);
    assert.deepEqual(rig.answers(), ['pubcomp 2'], 'a server whose window was full speaks now');
    assert.deepEqual(served(rig, inbound(6, 2)), ['pubcomp 3', 'pubcomp 4']);
    assert.deepEqual(
      served(taken(rig, [7, 8]), ...releases([7, 8])),
      ['pubcomp 7', 'pubcomp 8'],
      'nothing waits any more',
    );
  });

  it('a server that stands still: two PUBCOMPs are in doubt, until a minute has passed in which it said nothing', () => {
    const rig = held();
    wait(rig, 1000);
    assert.deepEqual(rig.answers(), ['pubcomp 2']);
    wait(rig, 58_999);
    assert.deepEqual(rig.answers(), []);
    assert.deepEqual(stages(rig), ['3 releasing', '4 releasing']);
    wait(rig, 1);
    assert.deepEqual(rig.answers(), ['pubcomp 3', 'pubcomp 4']);
    assert.equal(rig.session.deadline(), Number.POSITIVE_INFINITY);
  });

  it('a server that answers late: all are completed then', () => {
    const rig = held();
    wait(rig, 1000);
    assert.deepEqual(served(rig, { type: 'pingresp' }), ['pubcomp 2', 'pubcomp 3', 'pubcomp 4']);
  });

  it('each connection has its own hold: one that was over is not over on the next', () => {
    const rig = held();
    wait(rig, 1000);
    served(rig, inbound(5, 2));
    rig.resume({ keepAlive: 0 }).forget();
    served(rig, ...copies([5]));
    taken(rig, [6, 7]);
    assert.deepEqual(served(rig, ...releases([6, 7])), ['pubcomp 6']);
  });

  it('what is completed between connections, or before its PUBREL came again, waits for that', () => {
    const rig = taken(new SessionRig().connect().forget());
    rig.serve(...releases());
    rig.resume().forget();
    for (const token of IDS.keys()) rig.session.complete(token);
    assert.deepEqual(rig.answers(), []);
    assert.equal(stages(rig).length, 4, 'else a copy of each would be in doubt');
    assert.deepEqual(served(rig, ...releases()), ['pubcomp 1']);
  });

  it('DISCONNECT: what waits is completed before it', () => {
    const rig = held();
    rig.session.disconnect();
    assert.deepEqual(rig.answers(), ['pubcomp 2', 'pubcomp 3', 'pubcomp 4', 'disconnect']);
  });

  it('R5: a new epoch: what waited is forgotten with its id, and does nothing to a message that has the id now', () => {
    const rig = held();
    rig.cut();
    rig.connect({ keepAlive: 0 }, { sessionPresent: false });
    assert.deepEqual(rig.eventTypes(), ['connected', 'session-lost']);
    rig.session.startEpoch('redeliver');
    assert.deepEqual(stages(rig), []);
    taken(rig, [1, 2]);
    assert.deepEqual(served(rig, ...releases([2, 1])), ['pubcomp 2']);
    ask(rig);
    assert.deepEqual(served(rig, { type: 'pingresp' }), ['pubcomp 1']);
  });

  it('R5a: its id means another message now: that one is not completed in its place', () => {
    const rig = held();
    assert.deepEqual(
      served(rig, inbound(3, 2)),
      ['pubcomp 2', 'pubcomp 4'],
      'ids went back: there is no copy to be told',
    );
    assert.deepEqual(stages(rig), ['3 taken']);
  });
});
