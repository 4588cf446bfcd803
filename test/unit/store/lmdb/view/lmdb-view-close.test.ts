import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openLmdbView } from '../../../../../src/store/lmdb/view/lmdb-view.js';
import { tempDir } from '../../../../support/temp-dir.js';

const POINT = { seq: 3, epoch: 1, number: 2, crc: 5, bytes: 100 };

describe('a view in a file', () => {
  it('that is opened again at once has what it had, though nothing was flushed; a last close says that all was', async () => {
    const path = join(tempDir('view'), 'partition-0.view');
    const first = await openLmdbView(path, 'log');
    await first.apply(new Map([['key', Buffer.from('value')]]), POINT);
    await first.close(true);
    assert.equal(existsSync(`${path}.boot`), true, 'after a power cut it is not trusted');
    const again = await openLmdbView(path, 'log');
    assert.deepEqual(again.applied, POINT);
    assert.equal(Buffer.from(again.get('key') ?? []).toString(), 'value');
    await again.close();
    assert.equal(existsSync(`${path}.boot`), false);
  });
});
