import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDeadLettersFlags } from '../../../src/cli/dead-letters/dead-letters-flags.js';
import { isMeant, type LetterFilter } from '../../../src/cli/dead-letters/letter-filter.js';
import { readLetter } from '../../../src/cli/dead-letters/read-letter.js';
import { parseInspectFlags } from '../../../src/cli/inspect/inspect-flags.js';
import { MillraceError } from '../../../src/errors/index.js';
import { deadLetterRecord } from '../../../src/mqtt/sink/dead-letters/dead-letter-record.js';

const inspect = (line: string) => parseInspectFlags(line.split(' '), {});
const letters = (line: string) => parseDeadLettersFlags(line.split(' '), {});

const refusals: readonly (readonly [read: (line: string) => unknown, line: string, message: RegExp])[] = [
  [inspect, '--json', /DIR is missing/],
  [inspect, 'd --raw --json', /exclude each other/],
  [inspect, 'd --stage s', /--key is missing/],
  [inspect, 'd --seq 1', /--sink is missing/],
  [inspect, 'd --outbox o', /--outbox needs --sink/],
  [inspect, 'd --stage s --key k --sink x --seq 1', /exclude each other/],
  [inspect, 'd --limit 0', /at least 1/],
  [inspect, 'd --cluster nats://a:4222 --job j', /DIR and --cluster exclude each other/],
  [inspect, '--cluster nats://a:4222', /--job is missing/],
  [letters, 'mend --file f', /ACTION must be list, show, save, replay or drop/],
  [letters, 'list', /--file is missing, or --from and --letters/],
  [letters, 'list --file f --to mqtt://b', /--to is not an option of dead-letters list with a file/],
  [letters, 'drop --file f', /drop needs to know which/],
  [letters, 'drop --file f --all --error X', /drop needs to know which/],
  [letters, 'drop --letters t --from mqtt://b', /drop is for a file/],
  [letters, 'replay --letters t --from mqtt://b', /--client-id is missing/],
  [
    letters,
    'replay --letters t --from mqtt://b --client-id c --error X',
    /--error is not an option .*: save takes them/,
  ],
  [letters, 'drop --letters t --from mqtt://b --client-id c', /drop is for a file: save takes letters into one/],
  [letters, 'save --file f', /save is for letters of a topic/],
  [letters, 'save --file f --letters t --from mqtt://b', /--client-id/],
  [letters, 'save --letters t --from mqtt://b --client-id c', /--file/],
  [letters, 'replay --file f --to mqtt://b --dir d', /--dir needs --client-id/],
  [letters, 'replay --file f --to mqtt://b --dir d --client-id c --qos 1', /needs --qos 2/],
  [letters, 'list --file f --since yesterday', /must be a time/],
  [letters, 'list --file f --number 0', /whole numbers of at least 1/],
  [letters, 'list --file f --topic a/#/b', /--topic: /],
];

describe('what inspect and dead-letters are told', () => {
  it('is refused where it makes no sense, with the option by its name', () => {
    for (const [read, line, message] of refusals)
      assert.throws(() => read(line), { code: 'INVALID_OPTIONS', message }, line);
  });

  it('says which letters are meant, by all that is given together', () => {
    const line = deadLetterRecord({
      payload: Buffer.from('p'),
      attributes: { topic: 'plant/a', properties: { correlationData: Uint8Array.of(1, 2), messageExpiryInterval: 9 } },
      error: new MillraceError('PUBLISH_REFUSED', 'refused'),
      attempt: 2,
      timestampMs: Date.parse('2026-12-01T08:00:00Z'),
      origin: 'sink',
    });
    const letter = readLetter(Buffer.from(line));
    assert.ok(letter !== undefined);
    // what has expired by now is to come all the same
    assert.deepEqual(letter.properties, { correlationData: Buffer.of(1, 2) });
    const filterOf = (options: string): LetterFilter => {
      const flags = letters(`list --file f ${options}`.trim());
      assert.ok('filter' in flags);
      return flags.filter;
    };
    const meant = (options: string): boolean => isMeant(letter, 7, filterOf(options));
    const yes = ['--error PUBLISH_REFUSED OTHER', '--topic plant/+', '--since 2026-12-01', '--number 6 7'];
    const no = [
      '--error OTHER',
      '--topic plant',
      '--until 2026-12-01T08:00:00Z',
      '--number 8',
      `${yes[1]} --error OTHER`,
    ];
    assert.deepEqual(
      yes.map(meant),
      yes.map(() => true),
    );
    assert.deepEqual(
      no.map(meant),
      no.map(() => false),
    );
    assert.ok(meant(yes.join(' ')));
  });

  it('is no letter where a line has no time, no origin or no error', () => {
    for (const line of ['', 'text', '{}', 'null', '{"timestamp":"x","origin":"o","error":{"code":"C"}}'])
      assert.equal(readLetter(Buffer.from(line)), undefined, line);
  });
});
