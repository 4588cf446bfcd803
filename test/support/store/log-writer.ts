import { MillraceError } from '../../../src/errors/index.js';
import { FileLogs } from '../../../src/store/log/file/file-logs.js';
import { HISTORY_SEGMENT_BYTES, historyRecord } from './log-history.js';

/*
 * A process that writes the history of `log-history.ts` to a log in files and says what is durable:
 *   log-writer.ts DIR - TO
 * It goes on behind the last one that is there. stdout: `open`, `durable N` for each record, and at an error
 * `failed CODE`, `again CODE` for a record after it, `closed`.
 */

const [dir = '', , to = '0'] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const codeOf = (error: unknown): string => (error instanceof MillraceError ? error.code : String(error));

try {
  const logs = await FileLogs.open(dir, HISTORY_SEGMENT_BYTES);
  try {
    const log = await logs.open('history', 0);
    say('open');
    let last = (await log.last())?.seq ?? 0;
    try {
      while (last < Number(to)) {
        last = await log.append(historyRecord(last + 1), last);
        say(`durable ${last}`);
      }
    } catch (error) {
      say(`failed ${codeOf(error)}`);
      const again = log.append(historyRecord(last + 1), last);
      await again.then(
        () => say('again resolved'),
        (second: unknown) => say(`again ${second === error ? 'the same' : codeOf(second)}`),
      );
    }
  } finally {
    await logs.close();
    say('closed');
  }
} catch (error) {
  say(`not opened ${codeOf(error)}`);
}
