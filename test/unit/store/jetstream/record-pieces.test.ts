import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PiecePlace, piecesOf, placeOf, RecordPieces } from '../../../../src/store/jetstream/record-pieces.js';

const place = (index: number, count: number): PiecePlace => ({ index, count });
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('the messages of a record', () => {
  it('are as few as can be, and one for an empty record', () => {
    const sizes = (size: number) => piecesOf(new Uint8Array(size), 10).map(({ byteLength }) => byteLength);
    assert.deepEqual(sizes(0), [0]);
    assert.deepEqual(sizes(10), [10]);
    assert.deepEqual(sizes(11), [10, 1]);
    assert.deepEqual(sizes(30), [10, 10, 10]);
  });

  it('put together give the record, one after another', () => {
    const pieces = new RecordPieces();
    assert.equal(pieces.take(place(1, 3), bytes('a')), undefined);
    assert.equal(pieces.open, true);
    assert.equal(pieces.take(place(2, 3), bytes('')), undefined);
    assert.deepEqual(pieces.take(place(3, 3), bytes('bc')), bytes('abc'));
    assert.equal(pieces.open, false);
    assert.deepEqual(pieces.take(place(1, 1), bytes('d')), bytes('d'));
  });

  it('one that does not come next is told: missing, twice, of another record, or of nobody', () => {
    const begun = () => {
      const pieces = new RecordPieces();
      pieces.take(place(1, 3), bytes('a'));
      return pieces;
    };
    assert.equal(new RecordPieces().take(place(2, 3), bytes('b')), 'foreign');
    assert.equal(new RecordPieces().take(undefined, bytes('b')), 'foreign');
    for (const next of [place(3, 3), place(1, 3), place(1, 1), place(2, 4), undefined]) {
      assert.equal(begun().take(next, bytes('b')), 'foreign');
    }
  });

  it('a header that is none of ours is no place', () => {
    assert.deepEqual(placeOf(undefined), place(1, 1));
    assert.deepEqual(placeOf(''), place(1, 1));
    assert.deepEqual(placeOf('2/3'), place(2, 3));
    for (const header of ['0/1', '2/1', '1', '1/', 'a/b', '1/3/4', '-1/3', '1.5/3', '1/9999999']) {
      assert.equal(placeOf(header), undefined, header);
    }
  });
});
