import assert from 'node:assert/strict';
import { linkSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FileBlobs } from '../../../../../src/store/log/file/blobs/file-blobs.js';
import { smallDisk, smallDiskProblem } from '../../../../support/kill/kill-small-disk.js';
import { LIMIT } from '../../../../support/limits.js';
import { rejectsWith } from '../../../../support/rejects-with.js';
import { tempDir } from '../../../../support/temp-dir.js';

async function* slices(count: number, size: number): AsyncGenerator<Uint8Array, void> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(size, index);
}

const read = async (blobs: FileBlobs, name: string): Promise<number> => {
  let bytes = 0;
  for await (const piece of blobs.get(name)) bytes += piece.byteLength;
  return bytes;
};

describe('snapshots in files', LIMIT, () => {
  it('a name that leads elsewhere, or is that of one which is being written, is none', async () => {
    const dir = tempDir('blobs');
    const blobs = await FileBlobs.open(dir);
    for (const name of ['', '.', '..', '../a', 'a/b', '.a', 'a\0', 'ä', 'x'.repeat(201)]) {
      await rejectsWith('INVALID_OPTIONS', blobs.put(name, slices(1, 1)));
      await rejectsWith('INVALID_OPTIONS', read(blobs, name));
      await rejectsWith('INVALID_OPTIONS', blobs.remove(name));
    }
    assert.deepEqual(readdirSync(dir), []);
  });

  it('what a crash left of one that was being written goes at the next opening', async () => {
    const dir = tempDir('blobs');
    await (await FileBlobs.open(dir)).put('0.1.7', slices(2, 10));
    writeFileSync(join(dir, '.0.1.9'), 'half');
    const blobs = await FileBlobs.open(dir);
    assert.deepEqual(readdirSync(dir), ['0.1.7']);
    assert.equal(await read(blobs, '0.1.7'), 20);
  });

  it('each byte and each length of one tells when it is another', async () => {
    const dir = tempDir('blobs');
    const blobs = await FileBlobs.open(dir);
    await blobs.put('a', slices(2, 20));
    const path = join(dir, 'a');
    const whole = readFileSync(path);
    for (let at = 0; at < whole.byteLength; at += 1) {
      const wrong = Buffer.from(whole);
      wrong.writeUInt8(wrong.readUInt8(at) ^ 1, at);
      writeFileSync(path, wrong);
      await rejectsWith('STORE_CORRUPT', read(blobs, 'a'));
      writeFileSync(path, whole.subarray(0, at));
      await rejectsWith('STORE_CORRUPT', read(blobs, 'a'));
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(1)]));
    await rejectsWith('STORE_CORRUPT', read(blobs, 'a'));
    writeFileSync(path, whole);
    assert.equal(await read(blobs, 'a'), 40);
  });

  it('X2: a link or a second name in its place is not read, and not written through', async () => {
    const dir = tempDir('blobs');
    const victim = join(tempDir('victim'), 'victim');
    writeFileSync(victim, 'precious');
    const blobs = await FileBlobs.open(dir);
    for (const plant of [symlinkSync, linkSync]) {
      plant(victim, join(dir, 'a'));
      await rejectsWith('INVALID_OPTIONS', read(blobs, 'a'));
      plant(victim, join(dir, '.a'));
      await blobs.put('a', slices(1, 9));
      assert.equal(await read(blobs, 'a'), 9);
      assert.equal(readFileSync(victim, 'utf8'), 'precious');
      rmSync(join(dir, 'a'));
    }
  });

  it('two that are put beside each other under one name leave one of them, whole, and nothing else', async () => {
    const dir = tempDir('blobs');
    const [one, other] = [await FileBlobs.beside(dir), await FileBlobs.beside(dir)];
    await Promise.all([one.put('a', slices(40, 1000)), other.put('a', slices(30, 1000))]);
    assert.ok([40_000, 30_000].includes(await read(one, 'a')));
    assert.deepEqual(readdirSync(dir), ['a']);
  });

  it('D3 a disk that is full is STORE_FULL, and leaves nothing', {
    ...LIMIT,
    skip: smallDiskProblem() ?? false,
  }, async () => {
    const dir = join(smallDisk(1024 * 1024), 'blobs');
    const blobs = await FileBlobs.open(dir);
    await blobs.put('a', slices(2, 100_000));
    await rejectsWith('STORE_FULL', blobs.put('b', slices(20, 100_000)));
    assert.deepEqual(readdirSync(dir), ['a']);
    await blobs.put('b', slices(3, 100_000));
    assert.equal(await read(blobs, 'b'), 300_000);
  });
});
