/* A report for a program: a line of JSON for each test and each note of one, as they come. */

const open = new Map();

export default async function* jsonReporter(events) {
  for await (const { type, data } of events) {
    if (data.file === undefined) continue;
    const names = open.get(data.file) ?? [];
    if (type === 'test:start') open.set(data.file, [...names.slice(0, data.nesting), data.name]);
    if (type === 'test:diagnostic') yield `${JSON.stringify({ note: data.message })}\n`;
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') continue;
    const skipped = data.skip !== undefined && data.skip !== false;
    const verdict = skipped ? 'skipped' : type === 'test:pass' ? 'held' : 'failed';
    yield `${JSON.stringify({ test: data.name, verdict, ms: data.details.duration_ms })}\n`;
  }
}
