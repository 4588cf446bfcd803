import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDigestPage, MessageDigests } from '../../../../../../src/mqtt/protocol/session/finished/message-digests.js';

const LATEST = 8;

const setAll = (digests: MessageDigests, from: number, to: number) => {
  for (let id = from; id <= to; id += 1) digests.set(id, id * 3);
};

const pagesOf = (changed: readonly { readonly page: number }[]) => changed.map(({ page }) => page);

describe('R2b: digests by packet id', () => {
  it('a commit is given what was set of late, as it is then, until that is much', () => {
    const digests = new MessageDigests();
    for (const id of [1, 65_535, 1]) digests.set(id, id * 3);
    const first = digests.takeChanged();
    digests.set(2, 7);
    digests.set(1, 8);
    assert.deepEqual(
      first.map(({ page, digests }) => [page, [...digests]]),
      [[LATEST, [1, 3, 65_535, 196_605, 1, 3]]],
      'what a commit has does not change',
    );
    assert.deepEqual([...(digests.takeChanged()[0]?.digests.slice(-4) ?? [])], [2, 7, 1, 8]);
    assert.deepEqual(digests.takeChanged(), []);
  });

  it('once more than 500 were set it is given their pages, and that none is the latest', () => {
    const digests = new MessageDigests();
    setAll(digests, 8100, 8599);
    assert.deepEqual(pagesOf(digests.takeChanged()), [LATEST]);
    setAll(digests, 8600, 8600);
    const whole = digests.takeChanged();
    assert.deepEqual(pagesOf(whole), [0, 1, LATEST]);
    assert.deepEqual([whole[0]?.digests[8100], whole[1]?.digests[8600 - 8192]], [24_300, 25_800]);
    assert.equal(whole[2]?.digests.length, 0);
    digests.set(65_535, 1);
    assert.deepEqual(pagesOf(digests.takeChanged()), [LATEST]);
  });

  it('the latest are over the whole pages in whatever order a store gives them', () => {
    const digests = new MessageDigests();
    setAll(digests, 1, 501);
    const [whole] = digests.takeChanged();
    digests.set(10, 2);
    const [latest] = digests.takeChanged();
    assert.ok(whole !== undefined && latest !== undefined);
    for (const stored of [
      [whole, latest],
      [latest, whole],
    ]) {
      const again = new MessageDigests(stored);
      assert.deepEqual(
        [9, 10, 11, 502, 60_000].map((id) => again.get(id)),
        [27, 2, 33, 0, 0],
      );
      assert.deepEqual(again.takeChanged(), [], 'what was restored is stored');
      assert.deepEqual(again.toPages(), digests.toPages());
    }
  });

  it('what was the latest at a start is in the next commit, which takes its place', () => {
    const digests = new MessageDigests();
    digests.set(10, 2);
    const again = new MessageDigests(digests.takeChanged());
    again.set(11, 3);
    assert.deepEqual([...(again.takeChanged()[0]?.digests ?? [])], [10, 2, 11, 3]);
  });

  it('what cannot be a page is known', () => {
    const digests = new Int32Array(8192);
    assert.ok(isDigestPage({ page: 7, digests }));
    for (const page of [-1, 9, 0.5, Number.NaN]) assert.ok(!isDigestPage({ page, digests }));
    assert.ok(!isDigestPage({ page: 0, digests: digests.subarray(1) }));
    assert.ok(isDigestPage({ page: LATEST, digests: Int32Array.of(65_535, 0, 1, -1) }));
    for (const pairs of [[1], [0, 1], [65_536, 1], [-1, 1]]) {
      assert.ok(!isDigestPage({ page: LATEST, digests: Int32Array.from(pairs) }));
    }
  });
});
