import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  outcomeOfAnswer,
  outcomeOfPlace,
  type PublishAnswer,
  staysUncertain,
} from '../../../../src/store/jetstream/append-outcome.js';

const ack = (seq: number, duplicate = false): PublishAnswer => ({ kind: 'ack', seq, duplicate });
const refused = (err_code: number, description = 'said'): PublishAnswer => ({
  kind: 'refused',
  error: { code: 400, err_code, description },
});
const certain = { end: 8, uncertain: false };
const uncertain = { end: 8, uncertain: true };

describe('the outcome of an append', () => {
  it('an acknowledgement counts at its very place, and never as a duplicate', () => {
    assert.equal(outcomeOfAnswer(ack(8), certain), 'in');
    assert.equal(outcomeOfAnswer(ack(8), uncertain), 'in');
    for (const answer of [ack(7), ack(9), ack(0), ack(8, true)]) {
      assert.equal(outcomeOfAnswer(answer, certain), 'look');
    }
  });

  it('a place that is taken is looked at: what stands there tells, the number that the server names does not', () => {
    assert.equal(outcomeOfAnswer(refused(10071, 'wrong last sequence: 3'), certain), 'look');
    assert.equal(outcomeOfAnswer(refused(10071, 'wrong last sequence: 900'), uncertain), 'look');
  });

  it('a full stream refuses this copy, and says nothing about an earlier one', () => {
    for (const full of [refused(10047), refused(10054), refused(10077, 'maximum bytes exceeded')]) {
      assert.equal(outcomeOfAnswer(full, certain), 'full');
      assert.equal(outcomeOfAnswer(full, uncertain), 'look');
    }
  });

  it('whatever is not known is asked again: silence, a missing leader, an incomplete batch, a code of a later version', () => {
    const answers = [10005, 10008, 10039, 10076, 10158, 10176, 19_999].map((code) => refused(code));
    for (const answer of [{ kind: 'silence' } as const, ...answers, refused(10077, 'disk failed')]) {
      assert.equal(outcomeOfAnswer(answer, certain), 'again');
      assert.equal(staysUncertain(answer), true);
    }
    assert.equal(staysUncertain(refused(10071)), false);
  });
});

describe('what stands at the place of an append', () => {
  const of = (uncertainly: boolean) => ({ place: 8, mark: 'ours', uncertain: uncertainly });

  it('ours is in; any other, also of somebody who has no mark, shuts it out', () => {
    assert.equal(outcomeOfPlace({ seq: 8, mark: 'ours' }, of(true)), 'in');
    assert.equal(outcomeOfPlace({ seq: 8, mark: 'theirs' }, of(true)), 'fenced');
    assert.equal(outcomeOfPlace({ seq: 8, mark: '' }, of(false)), 'fenced');
  });

  it('nothing there says nothing', () => {
    assert.equal(outcomeOfPlace(undefined, of(false)), 'again');
    assert.equal(outcomeOfPlace(undefined, of(true)), 'again');
    assert.equal(outcomeOfPlace({ seq: 7, mark: 'ours' }, of(true)), 'again');
  });

  it('where the place was trimmed away a copy that may be on its way may have stood there', () => {
    assert.equal(outcomeOfPlace({ seq: 12, mark: 'theirs' }, of(false)), 'fenced');
    assert.equal(outcomeOfPlace({ seq: 12, mark: 'theirs' }, of(true)), 'again');
  });
});
