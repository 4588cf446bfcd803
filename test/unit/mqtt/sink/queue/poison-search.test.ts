import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConnectionEnding, POISON_ENDS, PoisonSearch } from '../../../../../src/mqtt/sink/queue/poison-search.js';
import { fc } from '../../../../support/fast-check.js';

/** A connection of so many milliseconds; what was unanswered at its end. */
const AT_ONE: ConnectionEnding = { byPeer: true, unanswered: 1, alone: 7 };
const TAIL_MS = 5;

/** A search at window one, with a clock, and what it has told. */
class SearchRig {
  readonly told: string[] = [];
  readonly search = new PoisonSearch({
    suspected: (seq) => this.told.push(`suspected ${seq}`),
    acquitted: (seq, reason) => this.told.push(`acquitted ${seq} ${reason}`),
  });
  now = 1000;

  /** Down to one. */
  shrink(unanswered = 2): this {
    this.search.handleConnected(this.now);
    this.search.handleEnded({ byPeer: true, unanswered, alone: -1 }, this.now);
    assert.equal(this.search.usesControl, true);
    return this;
  }

  control(...news: Parameters<PoisonSearch['handleControl']>[0][]): this {
    for (const step of news) this.search.handleControl(step, this.now);
    return this;
  }

  connect(): this {
    this.now += 10;
    this.search.handleConnected(this.now);
    return this;
  }

  /** Lets the quiet pass. Gives how long it was. */
  quiet(): number {
    const began = this.now;
    while (this.search.windowAt(this.now) === 0) this.now = this.search.deadline;
    return this.now - began;
  }

  end(ending: Partial<ConnectionEnding> = {}): this {
    this.now += TAIL_MS;
    this.search.handleEnded({ ...AT_ONE, ...ending }, this.now);
    return this;
  }

  /** A connection on which the suspect is sent and that ends at it. */
  trial(ending: Partial<ConnectionEnding> = {}): this {
    this.connect();
    this.quiet();
    return this.end(ending);
  }

  trials(count: number): this {
    for (let nth = 0; nth < count; nth += 1) this.trial();
    return this;
  }

  /** What is blamed on the next connection, once its quiet is over. */
  blamed(): number {
    this.connect();
    this.quiet();
    return this.search.blamed(this.now);
  }
}

const controlled = (): SearchRig => new SearchRig().shrink().control('opening', 'accepted');

describe('PoisonSearch: the window (R20a)', () => {
  it('halves from what was unanswered, down to one, and each answer widens it by one', () => {
    const { search } = new SearchRig();
    const windows: number[] = [];
    for (const unanswered of [1000, 500, 250, 3, 1]) {
      search.handleConnected(0);
      search.handleEnded({ byPeer: true, unanswered, alone: -1 }, 1);
      windows.push(search.windowAt(1));
    }
    assert.deepEqual(windows, [500, 250, 125, 1, 1]);
    for (let seq = 0; seq < 9; seq += 1) search.handleAnswered(seq);
    assert.equal(search.windowAt(1), 10);
    for (let seq = 0; seq < 60_000; seq += 1) search.handleAnswered(seq);
    assert.equal(search.windowAt(1), Number.POSITIVE_INFINITY);
  });

  it('stays as it is when nothing was unanswered, or the end was not the word of the peer', () => {
    const { search } = new SearchRig();
    search.handleConnected(0);
    search.handleEnded({ byPeer: true, unanswered: 0, alone: -1 }, 1);
    search.handleConnected(2);
    search.handleEnded({ byPeer: false, unanswered: 400, alone: -1 }, 3);
    assert.equal(search.windowAt(3), Number.POSITIVE_INFINITY);
  });

  it('wants one control connection at one, and none above', () => {
    const { search } = new SearchRig().shrink();
    assert.equal(search.wantsControl, true);
    search.handleControl('opening', 0);
    assert.equal(search.wantsControl, false);
    search.handleControl('lost', 0);
    assert.equal(search.wantsControl, true);
    search.handleControl('refused', 0);
    assert.equal(search.wantsControl, false);
    search.handleAnswered(7);
    assert.equal(search.usesControl, false);
  });
});

describe('PoisonSearch: blame (R20a)', () => {
  it('a message is blamed after five ends in a row at it alone, beside a control connection that lives, and then a quiet connection', () => {
    const rig = controlled().trials(POISON_ENDS - 1);
    assert.equal(rig.blamed(), -1, 'four are not enough');
    assert.equal(rig.end().blamed(), 7);
    assert.deepEqual(rig.told, ['suspected 7']);
    rig.search.forget();
    assert.equal(rig.search.windowAt(rig.now), 1, 'the next one is alone, too');
    rig.search.handleAnswered(8);
    assert.equal(rig.search.windowAt(rig.now), 2);
  });

  it('nothing is sent on the last connection before it was quiet for longer than the longest of the five lived', () => {
    const rig = controlled();
    const lives: number[] = [];
    for (let nth = 0; nth < POISON_ENDS; nth += 1) {
      rig.connect();
      const began = rig.now;
      rig.quiet();
      rig.end();
      lives.push(rig.now - began);
    }
    rig.connect();
    assert.equal(rig.search.blamed(rig.now), -1, 'not before the quiet');
    assert.ok(rig.quiet() > Math.max(...lives));
    assert.equal(rig.search.blamed(rig.now), 7);
  });

  it('where the server refuses a second client, a quiet before each of the five stands for it', () => {
    const rig = new SearchRig().shrink().control('opening', 'refused');
    rig.connect().end();
    rig.trials(POISON_ENDS - 1);
    assert.equal(rig.blamed(), -1, 'the first of them had no quiet');
    assert.equal(rig.end().blamed(), 7);
  });

  it('a retry that is owed to it is one more end, after the wait', () => {
    const rig = controlled().trials(POISON_ENDS);
    assert.equal(rig.blamed(), 7);
    rig.search.postpone(rig.now + 5000);
    assert.equal(rig.search.windowAt(rig.now + 4999), 0);
    assert.equal(rig.quiet(), 5000);
    assert.equal(rig.search.blamed(rig.now), -1);
    assert.equal(rig.end().blamed(), 7);
  });
});

describe('PoisonSearch: who must not be blamed (R20a, asked wrongly)', () => {
  const neverAfter = (rig: SearchRig, told: string): void => {
    assert.equal(rig.blamed(), -1);
    assert.ok(rig.told.includes(told), `${told} is not among ${rig.told.join(', ')}`);
  };

  it('without a control connection (a broker that is away, a cut network): not after a hundred ends', () => {
    const rig = new SearchRig().shrink();
    for (let nth = 0; nth < 100; nth += 1) rig.control('opening', 'lost').trial();
    neverAfter(rig, 'acquitted 7 no-control');
  });

  it('the control connection ends too (a flapping proxy, a broker in a crash loop), whichever end is seen first', () => {
    for (const first of ['control', 'connection'] as const) {
      const rig = new SearchRig().shrink();
      for (let nth = 0; nth < 100; nth += 1) {
        rig.control('opening', 'accepted').connect();
        rig.quiet();
        if (first === 'control') rig.control('lost').end();
        else rig.end().control('lost');
        assert.equal(rig.search.blamed(rig.now), -1);
      }
      neverAfter(rig, first === 'control' ? 'acquitted 7 no-control' : 'acquitted 7 control-ended');
    }
  });

  it('a control connection that was opened after the message was sent says nothing', () => {
    const rig = new SearchRig().shrink();
    for (let nth = 0; nth < 20; nth += 1) {
      rig.connect();
      rig.quiet();
      rig.now += 1;
      rig.control('opening', 'accepted').end();
      rig.control('stopped');
    }
    neverAfter(rig, 'acquitted 7 no-control');
  });

  it('another client with our id ends the quiet connections, too', () => {
    const rig = controlled();
    for (let nth = 0; nth < 20; nth += 1) {
      rig.trials(POISON_ENDS).connect().end({ unanswered: 0, alone: -1 });
      assert.equal(rig.search.blamed(rig.now), -1);
    }
    neverAfter(rig, 'acquitted 7 ended-while-quiet');
  });

  it('the innocent message before it: an answer begins anew, and the next suspect has five of its own', () => {
    const rig = controlled();
    rig.trials(POISON_ENDS - 1);
    rig.connect();
    rig.quiet();
    rig.search.handleAnswered(7);
    rig.end({ unanswered: 2, alone: -1 });
    for (let nth = 1; nth < POISON_ENDS; nth += 1) assert.equal(rig.trial({ alone: 8 }).search.blamed(rig.now), -1);
    assert.deepEqual(rig.told, ['suspected 7', 'suspected 8']);
    assert.equal(rig.trial({ alone: 8 }).blamed(), 8);
  });

  it('an end at several, at a PUBREL, by a timeout or an error of ours, or an attempt that fails, begins the five anew', () => {
    const others: readonly [Partial<ConnectionEnding>, string][] = [
      [{ unanswered: 1, alone: -1 }, 'ended-at-others'],
      [{ byPeer: false }, 'not-ended-by-broker'],
    ];
    for (const [ending, reason] of others) {
      const rig = controlled()
        .trials(POISON_ENDS - 1)
        .trial(ending)
        .trials(POISON_ENDS - 1);
      neverAfter(rig, `acquitted 7 ${reason}`);
    }
    const away = controlled()
      .trials(POISON_ENDS - 1)
      .end({ unanswered: 0, alone: -1 })
      .trials(POISON_ENDS - 1);
    neverAfter(away, 'acquitted 7 unreachable');
  });

  it('an answer to another message, such as a PUBCOMP, neither acquits the suspect nor lets others pass it', () => {
    const rig = controlled().trials(2).connect();
    rig.search.handleAnswered(3);
    rig.quiet();
    assert.equal(rig.search.windowAt(rig.now), 1);
    rig.end().trials(2);
    assert.equal(rig.blamed(), 7);
  });

  it('property: whatever happens, blame follows five ends at it alone in a row, without an answer, with one control alive over all of them', () => {
    const step = fc.oneof(
      fc.constantFrom('trial', 'trial', 'trial', 'answer', 'idle', 'several', 'ours', 'unreachable', 'lost', 'control'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const rig = controlled();
        let run = 0;
        let alive = true;
        for (const name of steps) {
          if (name === 'control') {
            if (!alive) rig.control('opening', 'accepted');
            alive = true;
            continue;
          }
          if (name === 'lost') {
            rig.control('lost');
            alive = false;
            run = 0;
            continue;
          }
          if (name === 'unreachable') {
            rig.end({ unanswered: 0, alone: -1 });
            run = 0;
            continue;
          }
          const blamed = rig.blamed();
          assert.equal(blamed, run >= POISON_ENDS ? 7 : -1, steps.join());
          if (blamed >= 0) {
            rig.search.forget();
            run = 0;
          }
          if (name === 'answer') {
            rig.search.handleAnswered(7);
            rig.end({ unanswered: 2, alone: -1 });
            run = 0;
          } else if (name === 'trial') {
            rig.end();
            run = alive ? run + 1 : 0;
          } else {
            rig.end(
              name === 'several'
                ? { unanswered: 3, alone: -1 }
                : name === 'ours'
                  ? { byPeer: false }
                  : { unanswered: 0, alone: -1 },
            );
            run = 0;
          }
        }
      }),
    );
  });
});
