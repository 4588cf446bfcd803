import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, Claim } from '../../src/cluster/claims/change.js';
import { CLUSTER_FORMAT, type ClusterManifest } from '../../src/cluster/manifest/cluster-manifest.js';
import type { Bucket } from '../../src/cluster/members/bucket.js';
import { type Introduction, Members, type MembersEvent } from '../../src/cluster/members/members.js';
import { LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

/** Where the buckets of a test are: each `open` is another node's way to the same one. */
export interface BucketPlace {
  open(): Promise<Bucket>;
}

/** What is to be held to the contract. */
export interface MembersContractSetup {
  /** A place where nothing is. */
  readonly start: () => Promise<BucketPlace>;
  /** Why it cannot be run here. */
  readonly skip?: string | undefined;
}

const MANIFEST: ClusterManifest = {
  format: CLUSTER_FORMAT,
  partitions: 4,
  hash: 'fnv-1a',
  plan: ['source a'],
  epochBase: 0,
};

const introduction = (node: string): Introduction => ({
  node,
  leaseMs: 3000,
  accepts: true,
  running: [],
  restarting: [],
  ended: [],
  unfit: [],
  warm: [],
  behind: [],
});

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Holds members over a kind of bucket to what claims rely on. */
export function membersContract(title: string, { start, skip }: MembersContractSetup): void {
  const members = async (place: BucketPlace, manifest = MANIFEST): Promise<Members> => {
    const one = new Members(await place.open(), 'orders');
    await one.settleManifest(manifest);
    return one;
  };

  describe(`members over ${title}`, { skip: skip ?? false }, () => {
    test('who comes first writes the manifest, and all others have that one', LIMIT, async () => {
      const place = await start();
      const comers = Array.from({ length: 5 }, async () =>
        new Members(await place.open(), 'orders').settleManifest(MANIFEST),
      );
      for (const settled of await Promise.all(comers)) assert.deepEqual(settled, MANIFEST);
    });

    test('another plan is refused with the difference, unless it is to take its place', LIMIT, async () => {
      const place = await start();
      await members(place);
      const other = new Members(await place.open(), 'orders');
      const wanted = { ...MANIFEST, plan: ['source b'] };
      const error = await rejectsWith('JOB_CHANGED', other.settleManifest(wanted));
      assert.deepEqual([error.details.added, error.details.gone], [['source b'], ['source a']]);
      assert.deepEqual(await other.settleManifest(wanted, { allowPlanChange: true }), wanted);
      assert.deepEqual(await new Members(await place.open(), 'orders').settleManifest(wanted), wanted);
    });

    test('MB2: of those who claim the same at once one gets it', LIMIT, async () => {
      const place = await start();
      const all = await Promise.all(Array.from({ length: 5 }, () => members(place)));
      const runs = await Promise.all(all.map((one, index) => one.join(introduction(`n${index}`))));
      for (let revision = 0, round = 0; round < 5; round++) {
        const claims = await Promise.all(
          all.map((one, index) => one.claim(2, revision, { node: `n${index}`, run: runs[index] ?? 0 })),
        );
        const [won, ...more] = claims.filter((claim) => claim !== undefined);
        assert.equal(more.length, 0);
        assert.ok(won !== undefined && won.revision > revision);
        revision = won.revision;
      }
    });

    test(
      'MB1, CM4: each claim has a higher epoch than all before, also when it is claimed again or was given back',
      LIMIT,
      async () => {
        const place = await start();
        const one = await members(place);
        const owner = { node: 'a', run: await one.join(introduction('a')) };
        const claims: (Claim | undefined)[] = [];
        claims.push(await one.claim(0, 0, owner));
        claims.push(await one.claim(0, claims[0]?.revision ?? 0, owner));
        const given = await one.release(claims[1] as Claim, true);
        assert.equal(given?.owner, undefined);
        assert.equal(given?.early, true);
        claims.push(await one.claim(0, given?.revision ?? 0, owner));
        const epochs = claims.map((claim) => claim?.epoch ?? 0);
        assert.deepEqual(
          epochs,
          [...new Set(epochs)].sort((a, b) => a - b),
        );
        assert.equal(await one.release(claims[0] as Claim, false), undefined, 'an old claim cannot be given back');
        assert.deepEqual(claims[2], { partition: 0, owner, revision: claims[2]?.revision, epoch: claims[2]?.revision });
      },
    );

    test(
      'epochs count on from a base, which is never lowered, also for those that have been there all along',
      LIMIT,
      async () => {
        const place = await start();
        const [one, other] = [await members(place), await members(place)];
        const watched: MembersEvent[] = [];
        const stop = other.watch((event) => watched.push(event));
        await until(() => watched.some(({ type }) => type === 'caught-up'));
        assert.equal((await one.rebase(1_000_000)).epochBase, 1_000_000);
        assert.equal((await one.rebase(5)).epochBase, 1_000_000);
        await one.join(introduction('a'));
        await until(() => watched.some(({ type }) => type === 'beat'));
        const claim = await other.claim(0, 0, { node: 'b', run: 7 });
        assert.equal(claim?.epoch, 1_000_000 + (claim?.revision ?? 0));
        stop();
      },
    );

    test('MB3: a watch tells what is there, that it has, and what comes', LIMIT, async () => {
      const place = await start();
      const [one, other] = [await members(place), await members(place)];
      const run = await one.join(introduction('a'));
      await one.claim(3, 0, { node: 'a', run });
      const seen: MembersEvent[] = [];
      const stop = other.watch((event) => seen.push(event));
      await until(() => seen.some(({ type }) => type === 'caught-up'));
      const before = seen.slice(
        0,
        seen.findIndex(({ type }) => type === 'caught-up'),
      );
      assert.deepEqual(before.map(({ type }) => type).sort(), ['beat', 'claim']);
      await one.beat({
        ...introduction('a'),
        run,
        count: 1,
        running: [3],
        restarting: [4],
        unfit: [5],
        warm: [1],
        behind: [2],
      });
      await one.leave('a');
      await until(() => seen.at(-1)?.type === 'left');
      const beats = seen.flatMap((event) => (event.type === 'beat' ? [event.beat] : []));
      assert.deepEqual(beats[0], { ...introduction('a'), run, count: 0 });
      assert.deepEqual(seen.at(-1), { type: 'left', node: 'a' });
      stop();
    });

    test(
      'a process that joins under an id that is taken has a higher run, and stays a member when the former one leaves',
      LIMIT,
      async () => {
        const place = await start();
        const [one, other] = [await members(place), await members(place)];
        const first = await one.join(introduction('a'));
        const second = await other.join(introduction('a'));
        assert.ok(second > first);
        await one.leave('a');
        const seen: MembersEvent[] = [];
        const stop = one.watch((event) => seen.push(event));
        await until(() => seen.some(({ type }) => type === 'caught-up'));
        assert.ok(
          seen.some((event) => event.type === 'beat' && event.beat.run === second),
          'the former one leaves it be',
        );
        stop();
      },
    );

    test("what no node writes is told, and is nobody's claim", LIMIT, async () => {
      const place = await start();
      const one = await members(place);
      const bucket = await place.open();
      await bucket.put('node.a', text('not JSON'));
      await bucket.put('part.1', text('[]'));
      await bucket.put('part.x', text('{}'));
      await bucket.put('hello', text('{}'));
      const seen: MembersEvent[] = [];
      const stop = one.watch((event) => seen.push(event));
      await until(() => seen.some(({ type }) => type === 'caught-up'));
      const keys = seen.flatMap((event) => (event.type === 'unreadable' ? [event.key] : []));
      assert.deepEqual(keys.sort(), ['hello', 'node.a', 'part.x']);
      const claim = seen.find((event): event is Change & { type: 'claim' } => event.type === 'claim')?.claim;
      assert.equal(claim?.owner, undefined);
      assert.ok(await one.claim(1, claim?.revision ?? 0, { node: 'a', run: 1 }), 'it can be claimed');
      stop();
    });

    test(
      'how far a log has come is known to all from the moment that it is noted, and to the watch it is nothing',
      LIMIT,
      async () => {
        const place = await start();
        const [one, other] = [await members(place), await members(place)];
        const seen: MembersEvent[] = [];
        const stop = one.watch((event) => seen.push(event));
        assert.equal(await other.reached(1), 0);
        await one.noteReached(1, 17);
        assert.deepEqual([await other.reached(1), await other.reached(0)], [17, 0]);
        await one.noteReached(1, 19);
        assert.equal(await other.reached(1), 19);
        await until(() => seen.some(({ type }) => type === 'caught-up'));
        assert.deepEqual(
          seen.filter(({ type }) => type !== 'caught-up'),
          [],
        );
        stop();
      },
    );

    test('a manifest that is gone ends a watch with what to do', LIMIT, async () => {
      const place = await start();
      const one = await members(place);
      const seen: MembersEvent[] = [];
      const stop = one.watch((event) => seen.push(event));
      await (await place.open()).remove('job');
      const failed = await until(() => seen.find((event) => event.type === 'failed'));
      assert.equal(failed.type === 'failed' && failed.error.code, 'STORE_CORRUPT');
      stop();
    });

    test('an id that cannot be part of a key is refused', LIMIT, async () => {
      const one = await members(await start());
      for (const node of ['', 'a.b', 'a b', '*', 'x'.repeat(65)]) {
        await rejectsWith('INVALID_OPTIONS', one.join(introduction(node)));
      }
    });
  });
}
