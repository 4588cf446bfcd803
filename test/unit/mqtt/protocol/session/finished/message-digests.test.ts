import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDigestPage, MessageDigests } from '../../../../../../src/mqtt/protocol/session/finished/message-digests.js';

const pagesOf = (changed: readonly { readonly page: number }[]) => changed.map(({ page }) => page);

describe('R2b: digests by packet id', () => {
  it('a commit is given the pages that changed since the one before, as they are then', () => {
    const digests = new MessageDigests();
    for (const id of [1, 63, 64, 65_535]) digests.set(id, id * 3);
    const first = digests.takeChanged();
    assert.deepEqual(pagesOf(first), [0, 1, 1023]);
    digests.set(2, 7);
    assert.equal(first[0]?.digests[2], 0, 'what a commit has does not change');
    const second = digests.takeChanged();
    assert.deepEqual(pagesOf(second), [0]);
    assert.deepEqual([...(second[0]?.digests.slice(0, 4) ?? [])], [0, 3, 7, 0]);
    assert.deepEqual(digests.takeChanged(), []);
  });

  it('pages that are put together from several commits give the digest that each id had last', () => {
    const digests = new MessageDigests();
    digests.set(10, 1);
    const first = digests.takeChanged();
    digests.set(10, 2);
    digests.set(700, 3);
    const again = new MessageDigests([...first, ...digests.takeChanged()]);
    assert.deepEqual(
      [10, 700, 11, 60_000].map((id) => again.get(id)),
      [2, 3, 0, 0],
    );
    assert.deepEqual(again.takeChanged(), [], 'what was restored is stored');
    assert.deepEqual(again.toPages(), digests.toPages());
  });

  it('what cannot be a page is known', () => {
    const digests = new Int32Array(64);
    assert.ok(isDigestPage({ page: 1023, digests }));
    for (const page of [-1, 1024, 0.5, Number.NaN]) assert.ok(!isDigestPage({ page, digests }));
    assert.ok(!isDigestPage({ page: 0, digests: digests.subarray(1) }));
  });
});
