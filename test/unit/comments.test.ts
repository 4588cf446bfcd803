import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CheckedCopy } from '../support/checked-copy.js';
import { LIMIT } from '../support/limits.js';

/** Each line refers to one thing that is not there. */
const BROKEN: ReadonlyArray<readonly [line: string, missing: string]> = [
  ['// It is made in no-such-file.ts.', 'no-such-file.ts'],
  ['// It is made in `outbound/no-such-file.ts`.', 'outbound/no-such-file.ts'],
  ['// The files are in `no-such-room/`.', 'no-such-room/'],
  ['/** See {@link NoSuchThing}. */', 'NoSuchThing'],
  ['// See `noSuchThing`.', 'noSuchThing'],
  ['// See `Session.noSuchMember`.', 'Session.noSuchMember'],
  ['// See `Session.#noSuchMember()`.', 'Session.#noSuchMember()'],
  ['// It is durable first (R77).', 'R77'],
  ['// It halves (Q3).', 'Q3'],
  ['// It ends by `no-such-event`.', 'no-such-event'],
  ['// Its name has two letters (QQ1).', 'QQ1'],
];

/** The same, but it is there. */
const SOUND = `
// QR1. Rules of the own file. See session.ts, \`session/session.ts\`, \`protocol/\`, docs/guarantees.md.
// QR1, R7, R14b, L1 of another, and \`Session.receive\`, \`Session.receive()\`, {@link Session}, \`Date.now\`; MQTT 5.0, V8.
`;

describe('the references in comments', () => {
  it('each one that leads nowhere is told at its place, in a copy of src, and nothing else is', LIMIT, () => {
    const copy = new CheckedCopy('check-comments.mjs');
    const planted = 'mqtt/protocol/session/planted.ts';
    copy.plant(planted, ...BROKEN.map(([line]) => line), SOUND);
    const { status, told } = copy.check();
    const expected = BROKEN.map(([, missing], index) =>
      copy.at(`${planted}:${index + 1}: ${missing}, which the comment refers to, is not there`),
    );
    assert.deepEqual(told, expected);
    assert.equal(status, 1);
  });

  it('a rule that two files define is told of both', LIMIT, () => {
    const copy = new CheckedCopy('check-comments.mjs');
    copy.plant('planted.ts', '// QR1. One.');
    copy.plant('mqtt/planted-too.ts', '// QR1. Another.');
    const { status, told } = copy.check();
    const problem = 'QR1 is the name of a rule of another file, too';
    assert.deepEqual([...told].sort(), [
      copy.at(`mqtt/planted-too.ts:1: ${problem}`),
      copy.at(`planted.ts:1: ${problem}`),
    ]);
    assert.equal(status, 1);
  });
});
