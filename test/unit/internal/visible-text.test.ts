import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorLine } from '../../../src/cli/job/error-line.js';
import { Reporter } from '../../../src/cli/job/reporter.js';
import { MillraceError } from '../../../src/errors/index.js';
import { errorWords } from '../../../src/internal/error-words.js';
import { foreignText, visible, visibleJson } from '../../../src/internal/visible-text.js';
import { deadLetterRecord } from '../../../src/mqtt/sink/dead-letters/dead-letter-record.js';
import { letter } from '../../support/ends/broken-ends.js';
import { fc } from '../../support/fast-check.js';

const HOSTILE = [
  '\0',
  '\u0007',
  '\t',
  '\u001b[2J',
  '\u007f',
  '\u0085',
  '\u009b2J',
  '\u061c',
  '\u200e',
  '\u200f',
  '\u2028',
  '\u2029',
].concat([
  '\u202a',
  '\u202b',
  '\u202c',
  '\u202d',
  '\u202e',
  '\u2066',
  '\u2067',
  '\u2068',
  '\u2069',
  '\ud800',
  '\udfff',
]);
/** What no terminal gets from us, but for the line break at the end of a line. */
const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}]/u;

const captured = () => {
  const lines: string[] = [];
  const keep = (text: string) => void lines.push(text);
  return {
    lines,
    output: {
      stdout: keep,
      stderr: keep,
      isTerminal: false,
      columns: () => 80,
      data: { isTerminal: false, write: async () => true },
    },
  };
};

describe('foreign text (X4)', () => {
  it('is shown with its controls, overrides and separators as escapes, and otherwise as it is', () => {
    assert.equal(visible('a\u001b[31mb\u202ec\u2028d'), 'a\\u001b[31mb\\u202ec\\u2028d');
    assert.equal(visible('Zähler 🙂 مرحبا'), 'Zähler 🙂 مرحبا');
    for (const text of HOSTILE) assert.doesNotMatch(visible(`x${text}y`), OBEYED);
  });

  it('is cut at 1,024 characters, never in the middle of an escape', () => {
    assert.equal(foreignText('x'.repeat(1024)), 'x'.repeat(1024));
    assert.equal(foreignText('x'.repeat(1025)), `${'x'.repeat(1023)}…`);
    for (let offset = 0; offset < 6; offset += 1) {
      const shown = foreignText('x'.repeat(offset) + '\u001b'.repeat(65_000));
      assert.ok(shown.length <= 1024, `${shown.length}`);
      assert.match(shown, /^x*(\\u001b)+…$/);
    }
  });

  it('stays the same value in JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE))), (texts) => {
        const json = visibleJson({ texts });
        assert.deepEqual(JSON.parse(json), { texts });
        assert.doesNotMatch(json, OBEYED);
      }),
    );
  });

  it('moves no terminal: not in an error, an event, a line for machines or a dead letter', () => {
    for (const text of HOSTILE) {
      const { lines, output } = captured();
      const error = new MillraceError('PUBLISH_REFUSED', `refused: ${text}`, {
        advice: `See ${text}.`,
        details: { topic: text },
      });
      const reporter = new Reporter({ name: 'bridge' }, output, true);
      reporter.failed(error);
      reporter.tell({ event: 'note', text: `note: ${text}`, facts: { topic: text } });
      const record = deadLetterRecord({ ...letter, attributes: { topic: text }, error });
      assert.equal(JSON.parse(record).topic, text);
      assert.equal(lines.length, 4);
      for (const line of [...lines, `${record}\n`]) assert.doesNotMatch(line.slice(0, -1), OBEYED);
    }
  });
});

describe('the time that foreign text takes', () => {
  const cpuMs = (action: () => unknown): number => {
    const before = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  const LONG = 65_535;
  const texts: readonly [string, string][] = [
    ['blanks', ' '.repeat(LONG)],
    ['blanks and line breaks', ' \n'.repeat(LONG / 2)],
    ['hex digits', 'A'.repeat(LONG)],
    ['hex digits and colons', 'A:'.repeat(LONG / 2)],
    ['beginnings of OpenSSL errors', 'A:error:A:'.repeat(LONG / 10)],
    ['beginnings of OpenSSL errors that end nowhere', 'A:error:A '.repeat(LONG / 10)],
    ['words of Node', 'connect ECONNREFUSE '.repeat(LONG / 20)],
    ['full stops', '.'.repeat(LONG)],
    ['backslashes', '\\'.repeat(LONG)],
    ['controls', '\u001b'.repeat(LONG)],
  ];
  for (const [what, text] of texts) {
    it(`is in proportion to it: ${what} (X6)`, () => {
      const error = new MillraceError('NOT_AUTHORIZED', `x${text}y`, { advice: text });
      const tried = { line: cpuMs(() => errorLine(error)), words: cpuMs(() => errorWords(text)) };
      // quadratic: seconds
      assert.ok(tried.line < 300 && tried.words < 300, JSON.stringify(tried));
    });
  }
});
