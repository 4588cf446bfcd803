import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fromIdRuns } from '../../src/mqtt/protocol/session/inbound/id-runs.js';
import { InboundRows } from '../../src/mqtt/protocol/session/inbound/inbound-rows.js';
import { fc } from '../support/fast-check.js';

/** What may happen to the inbound QoS 2 rows; numbers choose one of the live rows. */
const STEP = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 2000 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), count: fc.integer({ min: 1, max: 600 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove-one' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('epoch' as const) }) },
);

type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

class Play {
  readonly rows = new InboundRows();
  #token: number;
  #packetId: number;

  constructor(restored: number, gap: number) {
    const rows = Array.from({ length: restored }, (_, token) => ({
      packetId: token + 1,
      token,
      stage: 'accepted' as const,
    }));
    this.rows.restore(
      rows.map((row) => (row.token % 7 === 3 ? { ...row, stage: 'releasing' as const } : row)),
      { get: () => 1 },
    );
    this.#token = restored + gap;
    this.#packetId = restored;
  }

  take(step: Step): void {
    const live = this.rows.toRows();
    if (step.kind === 'add') for (let n = 0; n < step.count && this.rows.size < 60_000; n += 1) this.#add(n);
    else if (step.kind === 'cut') this.rows.nextConnection();
    else if (step.kind === 'epoch') this.rows.dropEarlier();
    else if (step.kind === 'remove') for (const { token } of live.slice(0, step.count)) this.#remove(token);
    else if (live.length > 0) {
      const token = live[step.which % live.length]?.token ?? 0;
      if (step.kind === 'remove-one') this.#remove(token);
      else this.#release(token);
    }
  }

  #add(n: number): void {
    do this.#packetId = (this.#packetId % 65_535) + 1;
    while (this.rows.get(this.#packetId) !== undefined);
    // now and then one that is in use (R2c)
    const used = n % 97 === 5 ? this.rows.toRows().at(0)?.packetId : undefined;
    this.rows.add(used ?? this.#packetId, this.#token, { reasonCode: 0, digest: this.#token });
    // tokens of QoS 1 messages lie between
    this.#token += n % 50 === 0 ? 2 : 1;
  }

  #release(token: number): void {
    const row = this.rows.byToken(token);
    if (row === undefined) return;
    this.rows.markReleased(row);
    row.stage = 'releasing';
  }

  #remove(token: number): void {
    const row = this.rows.byToken(token);
    if (row !== undefined) this.rows.remove(row);
  }
}

it('a commit is given the ids of all rows up to a token whose PUBREL has not come, in order of arrival', () => {
  const steps = fc.array(STEP, { maxLength: 40 });
  fc.assert(
    fc.property(fc.nat({ max: 40 }), fc.nat({ max: 3 }), steps, fc.nat({ max: 3000 }), (restored, gap, taken, back) => {
      const play = new Play(restored, gap);
      for (const step of taken) {
        play.take(step);
        const live = play.rows.toRows();
        const through = Math.max(-1, (live.at(-1)?.token ?? 0) + 1 - back);
        const expected = live.filter(({ token, stage }) => token <= through && stage !== 'releasing');
        assert.deepEqual(
          fromIdRuns(play.rows.idRunsThrough(through)),
          expected.map(({ packetId }) => packetId),
        );
        const last = new Map(live.map(({ packetId, token }) => [packetId, token]));
        const released = live
          .filter(({ packetId, token, stage }) => stage === 'releasing' && last.get(packetId) === token)
          .map(({ packetId }) => packetId);
        for (const { packetId, token } of live)
          assert.ok((play.rows.get(packetId)?.token ?? token + 1) <= token, 'R2c');
        const inOrder = (a: number, b: number) => a - b;
        assert.deepEqual(
          play.rows.released().sort(inOrder),
          released.sort(inOrder),
          'R2b: what the commit forgets is remembered in it',
        );
      }
    }),
    { numRuns: 200 },
  );
});
