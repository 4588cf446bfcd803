import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSnapshotDue } from '../../../../../src/store/log/snapshot/snapshot-policy.js';

describe('isSnapshotDue', () => {
  it('is when the log has grown by the least bytes, and by the size of the last snapshot', () => {
    assert.equal(isSnapshotDue({ logBytes: 99, snapshotBytes: 0 }, 100), false);
    assert.equal(isSnapshotDue({ logBytes: 100, snapshotBytes: 0 }, 100), true);
    assert.equal(isSnapshotDue({ logBytes: 499, snapshotBytes: 500 }, 100), false);
    assert.equal(isSnapshotDue({ logBytes: 500, snapshotBytes: 500 }, 100), true);
  });

  it('bounds what is written to twice what is committed, and what is read to twice the state and the least bytes', () => {
    for (const perCommit of [10, 1_000]) {
      const sizes = { logBytes: 0, snapshotBytes: 0 };
      let [committed, written, state] = [0, 0, 0];
      for (let commit = 0; commit < 20_000; commit += 1) {
        committed += perCommit;
        written += perCommit;
        state = Math.min(state + perCommit, 500_000);
        sizes.logBytes += perCommit;
        assert.ok(sizes.logBytes + sizes.snapshotBytes <= 2 * state + 10_000 + perCommit);
        if (!isSnapshotDue(sizes, 10_000)) continue;
        written += state;
        Object.assign(sizes, { logBytes: 0, snapshotBytes: state });
      }
      assert.ok(written <= 2 * committed + state, `${written} of ${committed}`);
    }
  });
});
