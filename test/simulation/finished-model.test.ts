import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LIMIT } from '../support/limits.js';
import { type FinishedBounds, FinishedModel, type IdHabit } from '../support/model/model-finished.js';
import { printed, search } from '../support/model/model-search.js';

/*
 * R2b, searched exhaustively: every interleaving of packets, fences and ends of connections, at each kind of broker by how it hands out
 * ids. Never may a new message be taken for a copy; a copy may be taken for a new message only with `session-suspect`. The session is
 * the real one. Then it goes without each of what R2b rests on, and a shortest way to the damage is printed.
 */

const BOUNDS: Omit<FinishedBounds, 'ids'> = {
  messages: 2,
  cuts: 2,
  equalBytes: true,
  repeats: false,
  restoredWhenFenced: true,
};

function searched(context: TestContext, bounds: FinishedBounds) {
  const model = new FinishedModel(bounds);
  const result = search(model, 2_000_000);
  context.diagnostic(`${result.states} states, ${result.transitions} transitions, ${model.again} copies told`);
  return { model, result };
}

const HABITS: readonly { readonly ids: IdHabit; readonly repeats: boolean; readonly what: string }[] = [
  { ids: 'counting', repeats: true, what: 'counts' },
  { ids: 'lowest', repeats: false, what: 'takes the lowest free id' },
  { ids: 'restarting', repeats: false, what: 'counts anew on each connection' },
  { ids: 'going-back', repeats: false, what: 'goes back with the session kept' },
  { ids: 'unseen', repeats: true, what: 'counts also what it drops' },
  { ids: 'mixed', repeats: true, what: 'has one counter for QoS 1 and 2' },
  { ids: 'renaming', repeats: false, what: 'sends again with DUP 1 under a new id' },
];

for (const { ids, repeats, what } of HABITS) {
  test(`R2b: at a broker that ${what}, no message is lost, and none comes twice without a word`, LIMIT, (t) => {
    const { model, result } = searched(t, { ...BOUNDS, ids, repeats });
    assert.ok(result.violation === undefined, printed(result));
    if (!repeats) assert.equal(model.again, 0, 'there are no copies');
    else if (ids !== 'mixed') assert.ok(model.again > 0, 'copies are told');
  });
}

const BREACHES: readonly {
  readonly what: string;
  readonly bounds: Partial<FinishedBounds> & Pick<FinishedBounds, 'ids'>;
}[] = [
  {
    what: '(b), the digest, loses a message when the broker goes back before the fence',
    bounds: { ids: 'going-back', believes: true, equalBytes: false, restoredWhenFenced: false, breach: 'b' },
  },
  { what: '(c) loses a message at a broker that takes the lowest free id', bounds: { ids: 'lowest', believes: true } },
  {
    what: '(c) loses a message at a broker that counts anew on each connection',
    bounds: { ids: 'restarting', believes: true },
  },
  {
    what: 'the fence loses a message when the broker goes back',
    bounds: { ids: 'going-back', believes: true, breach: 'fence' },
  },
];

for (const { what, bounds } of BREACHES) {
  test(`R2b: a receiver without ${what}`, LIMIT, (t) => {
    const { result } = searched(t, { ...BOUNDS, ...bounds });
    for (const line of printed(result).split('\n')) t.diagnostic(line);
    assert.match(result.violation?.verdict ?? 'nothing happened', /^LOSS/);
  });
}

test('R2b: the digest saves a message when the broker goes back before the fence', LIMIT, (t) => {
  const bounds = { ids: 'going-back', believes: true, equalBytes: false, restoredWhenFenced: false } as const;
  const { result } = searched(t, { ...BOUNDS, ...bounds });
  assert.ok(result.violation === undefined, printed(result));
});

test('R2b: the fence saves a message with the same bytes when the broker goes back behind it', LIMIT, (t) => {
  const { result } = searched(t, { ...BOUNDS, ids: 'going-back', believes: true });
  assert.ok(result.violation === undefined, printed(result));
});
