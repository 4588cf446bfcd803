import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fullRun } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { type ReceiverBounds, ReceiverModel } from '../support/model/model-receiver.js';
import { type Model, printed, type SearchResult, search, walk } from '../support/model/model-search.js';
import { type SenderBounds, SenderModel } from '../support/model/model-sender.js';
import { SeededRandom } from '../support/seeded-random.js';

/*
 * The durability rules of both directions, searched exhaustively: every interleaving of packets, commits (their beginning, their
 * end and what they let out are steps of their own), crashes, cuts and losses of the broker's session, for three messages and two
 * packet ids. The session is the real one. Each rule is then broken, and a shortest way to the damage is printed.
 */

const BOUNDS = { messages: 3, ids: 2, crashes: 2, cuts: 2, losses: 0 } as const;
/** With a loss the rest is bounded tighter, for the number of states. */
const WITH_LOSS = { ...BOUNDS, crashes: 1, cuts: 1, losses: 1 } as const;

function searched<S>(context: TestContext, model: Model<S>): SearchResult {
  const result = search(model);
  context.diagnostic(`${result.states} states, ${result.transitions} transitions`);
  return result;
}

function holds<S>(context: TestContext, model: Model<S>): void {
  const result = searched(context, model);
  assert.ok(result.violation === undefined, printed(result));
}

function breaks<S>(context: TestContext, model: Model<S>, expected: RegExp): void {
  const result = searched(context, model);
  for (const line of printed(result).split('\n')) context.diagnostic(line);
  assert.match(result.violation?.verdict ?? 'nothing happened', expected);
}

for (const deliversAt of ['pubrel', 'publish'] as const) {
  test(
    `a sender that keeps the rules loses and doubles nothing and gets done, when the broker delivers at ${deliversAt}`,
    LIMIT,
    (t) => {
      holds(t, new SenderModel({ ...BOUNDS, deliversAt }));
    },
  );

  test(
    `a sender that keeps the rules loses nothing over a lost session and doubles only what was in doubt, when the broker delivers at ${deliversAt}`,
    LIMIT,
    (t) => {
      holds(t, new SenderModel({ ...WITH_LOSS, deliversAt }));
    },
  );
}

const LARGE = { ...LIMIT, skip: fullRun ? false : 'npm run test:full' };

test('a sender that keeps the rules is right in larger bounds too', LARGE, (t) => {
  holds(t, new SenderModel({ messages: 4, ids: 2, crashes: 3, cuts: 3, losses: 0, deliversAt: 'pubrel' }));
});

test('a receiver that keeps the rules loses and doubles nothing and gets done', LIMIT, (t) => {
  holds(t, new ReceiverModel(BOUNDS));
});

test('a receiver that keeps the rules loses and doubles nothing over a lost session', LIMIT, (t) => {
  holds(t, new ReceiverModel(WITH_LOSS));
});

const SENDER_BREACHES: readonly {
  readonly name: string;
  readonly changes: Partial<SenderBounds> & Pick<SenderBounds, 'breach'>;
  readonly expected: RegExp;
}[] = [
  {
    name: 'takes a lost session for the old one loses a message (R5)',
    changes: { ...WITH_LOSS, breach: 'R5' },
    expected: /^LOSS/,
  },
  {
    name: 'believes "session present" after a crash in the middle of a loss loses a message (R5a)',
    changes: { ...WITH_LOSS, breach: 'R5a' },
    expected: /^LOSS/,
  },
  { name: 'starts its ids anew after a restart loses a message (R8)', changes: { breach: 'R8' }, expected: /^LOSS/ },
  {
    name: 'starts its ids anew after a restart doubles a message, when the broker delivers at publish (R8)',
    changes: { breach: 'R8', deliversAt: 'publish' },
    expected: /^DUP/,
  },
  {
    name: 'sends PUBREL before its PUBREC is durable doubles a message (R9)',
    changes: { breach: 'R9-early' },
    expected: /^DUP/,
  },
  { name: 'never stores a PUBREC doubles a message (R9)', changes: { breach: 'R9-never' }, expected: /^DUP/ },
  {
    name: 'drops the payload at PUBREC loses a message when the broker loses the session (R10)',
    changes: { ...WITH_LOSS, breach: 'R10' },
    expected: /^LOSS/,
  },
  {
    name: 'uses an id again before its completion is durable doubles a message (R11)',
    changes: { breach: 'R11' },
    expected: /^DUP/,
  },
  { name: 'does not send PUBREL again loses a message (R12)', changes: { breach: 'R12-silent' }, expected: /^LOSS/ },
  { name: 're-sends in another order changes the order (R12)', changes: { breach: 'R12-order' }, expected: /^ORDER/ },
  { name: 'takes PUBREC for PUBCOMP loses a message', changes: { breach: 'done-at-pubrec' }, expected: /^LOSS/ },
];

for (const { name, changes, expected } of SENDER_BREACHES) {
  test(`a sender that ${name}`, LIMIT, (t) => {
    breaks(t, new SenderModel({ ...BOUNDS, deliversAt: 'pubrel', ...changes }), expected);
  });
}

const RECEIVER_BREACHES: readonly {
  readonly name: string;
  readonly changes: Partial<ReceiverBounds> & Pick<ReceiverBounds, 'breach'>;
  readonly expected: RegExp;
}[] = [
  {
    name: 'sends PUBREC before the effect is durable loses a message (R1)',
    changes: { breach: 'R1' },
    expected: /^LOSS/,
  },
  { name: 'does not store the id with the effect doubles a message (R2)', changes: { breach: 'R2' }, expected: /^DUP/ },
  {
    name: 'takes a copy that comes before the commit doubles a message (R2a)',
    changes: { breach: 'R2a' },
    expected: /^DUP/,
  },
  {
    name: 'sends PUBCOMP before the id is durably forgotten loses a message (R3)',
    changes: { breach: 'R3-early' },
    expected: /^LOSS/,
  },
  { name: 'forgets the id in memory only loses a message (R3)', changes: { breach: 'R3-never' }, expected: /^LOSS/ },
  {
    name: 'does not answer a PUBREL for an id it does not know never gets done (R4)',
    // a way that never ends is found when all is searched
    changes: { breach: 'R4', messages: 2 },
    expected: /^NOT LIVE/,
  },
  {
    name: 'keeps the ids of a lost session loses a message (R5)',
    changes: { ...WITH_LOSS, breach: 'R5' },
    expected: /^LOSS/,
  },
  { name: 'forgets the id at PUBREC doubles a message', changes: { breach: 'pubcomp-for-pubrec' }, expected: /^DUP/ },
];

for (const { name, changes, expected } of RECEIVER_BREACHES) {
  test(`a receiver that ${name}`, LIMIT, (t) => {
    breaks(t, new ReceiverModel({ ...BOUNDS, ...changes }), expected);
  });
}

test('the search sees the ids as the real derivation makes them: on 40 random ways both go alike', LIMIT, () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const [lens, real] = [false, true].map((realIds) =>
      walk(new SenderModel({ ...BOUNDS, losses: 1, deliversAt: 'pubrel', realIds }), new SeededRandom(seed), 80),
    );
    assert.deepEqual(lens, real, `seed ${seed}`);
  }
});
