/* A report for a program: a line of JSON for each test and each note of one, as they come. */
import { inspect } from 'node:util';

export default async function* jsonReporter(events) {
  for await (const { type, data } of events) {
    if (data.file === undefined) continue;
    if (type === 'test:diagnostic') yield `${JSON.stringify({ note: data.message })}\n`;
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') continue;
    const skipped = data.skip !== undefined && data.skip !== false;
    const verdict = skipped ? 'skipped' : type === 'test:pass' ? 'held' : 'failed';
    const { duration_ms: ms, error } = data.details;
    const reason = verdict === 'failed' ? inspect(error?.cause ?? error) : undefined;
    yield `${JSON.stringify({ test: data.name, verdict, ms, reason })}\n`;
  }
}
