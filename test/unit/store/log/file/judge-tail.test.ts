import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeTail } from '../../../../../src/store/log/file/judge-tail.js';
import { entryOf, readHead } from '../../../../../src/store/log/file/segment-entry.js';
import { SUITE_LIMIT } from '../../../../support/limits.js';

const SALT = 0x1234_5678;
const SECTOR = 512;
const SEQ = 41;

const entry = (seq: number, offset: number, record: Uint8Array, salt = SALT): Buffer =>
  Buffer.concat([...entryOf(record, { seq, offset, salt })]);

const bytesOf = (size: number, value = 7): Buffer => Buffer.alloc(size, value);

const judge = (tail: Buffer, offset: number) => judgeTail(tail, { seq: SEQ, offset, salt: SALT });

/** What a segment that was removed had from an offset on. */
function formerEntries(offset: number): Buffer {
  let bytes = Buffer.alloc(0);
  for (let seq = SEQ - 30; seq < SEQ; seq += 1) {
    bytes = Buffer.concat([bytes, entry(seq, offset + bytes.byteLength, bytesOf(64, 3))]);
  }
  return bytes;
}

/** The same bytes with each sector as on the disk, or as it was before: a part of `former`, or zeros. */
function torn(bytes: Buffer, offset: number, former: Buffer, isThere: (sector: number) => boolean): Buffer {
  const result = Buffer.alloc(bytes.byteLength);
  former.copy(result);
  for (let at = 0, sector = 0; at < bytes.byteLength; sector += 1) {
    const end = Math.min(bytes.byteLength, at + SECTOR - ((offset + at) % SECTOR));
    if (isThere(sector)) bytes.copy(result, at, at, end);
    at = end;
  }
  return result;
}

describe('the tail of a log behind its last whole record', SUITE_LIMIT, () => {
  it('is none where nothing is', () => {
    assert.equal(judge(Buffer.alloc(0), 64), 'none');
  });

  it('is torn wherever its one record was cut short', () => {
    const whole = entry(SEQ, 64, bytesOf(700));
    for (let length = 1; length < whole.byteLength; length += 1) {
      assert.equal(judge(whole.subarray(0, length), 64), 'torn', `${length} bytes`);
    }
  });

  it('is torn whichever of its sectors are missing, over zeros and over what a removed segment had there', () => {
    for (const offset of [64, 504, 512, 520, 1000]) {
      const record = bytesOf(4 * SECTOR - 100, 9);
      const whole = entry(SEQ, offset, record);
      const sectors = Math.ceil((whole.byteLength + (offset % SECTOR)) / SECTOR);
      const formers = [Buffer.alloc(0), bytesOf(4000, 0xff), formerEntries(offset)];
      for (let there = 0; there < 2 ** sectors - 1; there += 1) {
        for (const former of formers) {
          const tail = torn(whole, offset, former, (sector) => ((there >> sector) & 1) === 1);
          assert.equal(judge(tail, offset), 'torn', `offset ${offset}, sectors ${there.toString(2)}`);
        }
      }
    }
  });

  it('is torn where the file was made longer and nothing was written', () => {
    assert.equal(judge(Buffer.alloc(1_000_000), 64), 'torn');
  });

  it('is torn where the payload of its record looks like records of this log, and of any other', () => {
    const offset = 640;
    const copies = [
      entry(SEQ + 1, 64, bytesOf(20)),
      entry(SEQ + 1, offset, bytesOf(20)),
      entry(SEQ + 5, offset + 80, bytesOf(20), SALT + 1),
      entry(SEQ - 3, offset + 160, bytesOf(20)),
      Buffer.from('mrRcmrRcmrRc'),
    ];
    const whole = entry(SEQ, offset, Buffer.concat([...copies, bytesOf(500)]));
    for (let length = 33; length < whole.byteLength; length += 1) {
      const tail = Buffer.from(whole.subarray(0, length));
      assert.equal(judge(tail, offset), 'torn');
      tail.fill(0, 0, 32);
      assert.equal(judge(tail, offset), 'torn', `without its head, ${length} bytes`);
    }
  });

  it('is damaged where a later record was begun behind it, whatever byte of it is wrong', () => {
    const first = entry(SEQ, 64, bytesOf(100));
    const second = entry(SEQ + 1, 64 + first.byteLength, bytesOf(50));
    for (const behind of [second, second.subarray(0, 40), Buffer.concat([second, bytesOf(10)])]) {
      for (let at = 0; at < 32 + 100; at += 1) {
        const tail = Buffer.concat([first, behind]);
        tail.writeUInt8(tail.readUInt8(at) ^ 0x40, at);
        assert.equal(judge(tail, 64), 'damaged', `byte ${at}, ${behind.byteLength} bytes behind`);
      }
    }
  });

  it('is damaged where a record is missing, or zeros stand in its place, and a later one is there', () => {
    const offset = 64;
    assert.equal(judge(entry(SEQ + 1, offset, bytesOf(10)), offset), 'damaged');
    const hole = Buffer.alloc(4096);
    assert.equal(judge(Buffer.concat([hole, entry(SEQ + 1, offset + 4096, bytesOf(10))]), offset), 'damaged');
  });

  it('is damaged where its record is wrong, its head whole, and bytes stand beyond its end', () => {
    const tail = Buffer.concat([entry(SEQ, 64, bytesOf(100)), bytesOf(8)]);
    tail.writeUInt8(0, 60);
    assert.equal(judge(tail, 64), 'damaged');
  });
});

describe('the head of a record in a segment', () => {
  it('is believed at its own offset, in its own log, and with every bit as it was', () => {
    const place = { offset: 72, salt: SALT };
    const bytes = entry(SEQ, 72, bytesOf(5));
    assert.deepEqual(readHead(bytes, place)?.seq, SEQ);
    assert.equal(readHead(bytes, { ...place, offset: 80 }), undefined);
    assert.equal(readHead(bytes, { ...place, salt: SALT + 1 }), undefined);
    for (let bit = 0; bit < 32 * 8; bit += 1) {
      const wrong = Buffer.from(bytes);
      wrong.writeUInt8(wrong.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(readHead(wrong, place), undefined, `bit ${bit}`);
    }
    for (let length = 0; length < 32; length += 1) assert.equal(readHead(bytes.subarray(0, length), place), undefined);
  });
});
