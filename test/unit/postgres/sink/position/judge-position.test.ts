import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgePosition, type Known } from '../../../../../src/postgres/sink/position/judge-position.js';

const opening = (epoch: number) => ({ epoch, token: `opening ${epoch}` });
const record = { version: 1, identity: 'ours', seen: opening(5), planned: opening(6), end: undefined } as const;
const known: Known = { record, low: 10, end: 20, isOpen: false };
const accept = { onUnknownPosition: 'fail', onPositionLoss: 'accept' } as const;
const refused = [{ seq: 12, code: '23514', message: 'violates check constraint' }];

it("another store's position is refused whatever its opening is, and not taken for one's own that went back", () => {
  for (const { epoch, token } of [opening(3), opening(5), opening(6), opening(9)]) {
    const position = { epoch, token, identity: 'theirs', seq: 15, refused: [] };
    const verdict = judgePosition(position, known, accept);
    assert.ok(verdict.kind === 'refuse');
    assert.equal(verdict.error.code, 'DATABASE_NOT_OURS');
  }
});

describe('a position that went back to before the last opening, and whose loss is accepted', () => {
  it('keeps the rows that are in beyond what the store knows, with the letters that wait', () => {
    const verdict = judgePosition({ ...opening(3), identity: 'ours', seq: 15, refused }, known, accept);
    assert.deepEqual(verdict, { kind: 'reset', seq: 15, refused, reason: 'position-lost' });
  });

  it('begins at what the store knows where it has less, or rows that the store never had', () => {
    for (const seq of [7, 21]) {
      const verdict = judgePosition({ ...opening(3), identity: 'ours', seq, refused }, known, accept);
      assert.deepEqual(verdict, { kind: 'reset', seq: 10, refused: [], reason: 'position-lost' });
    }
  });
});
