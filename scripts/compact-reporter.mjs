/* A report for CI logs: one line for each file, the runner's own summary lines, and last, where the end of a log is looked at, the failures in full. */
import { relative } from 'node:path';
import { inspect } from 'node:util';

/** Counts of one file, from the events of its tests. */
class FileResult {
  passed = 0;
  failed = 0;
  durationMs = 0;
}

function isSuite(data) {
  return data.details?.type === 'suite';
}

/** Names of the tests around a test, by nesting level. Files run side by side, so each has its own. */
const open = new Map();

function titleOf(data) {
  const names = open.get(data.file) ?? [];
  return [...names.slice(0, data.nesting), data.name].join(' › ');
}

function noteStart(data) {
  const names = open.get(data.file) ?? [];
  names.length = data.nesting;
  names[data.nesting] = data.name;
  open.set(data.file, names);
}

function failureText(data) {
  const { error } = data.details;
  const cause = error?.cause ?? error;
  const place = data.file === undefined ? '' : ` (${relative(process.cwd(), data.file)}:${data.line ?? 0})`;
  return `✖ ${titleOf(data)}${place}\n${inspect(cause, { depth: 5 }).replace(/^/gm, '    ')}\n`;
}

export default async function* compactReporter(events) {
  const files = new Map();
  const summary = [];
  const failures = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') noteStart(data);
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
    // The runner's own notes are of no file. Those of tests have seeds, which a failure is repeated by.
    if (type === 'test:diagnostic' && data.file === undefined) summary.push(data.message);
    else if (type === 'test:diagnostic') yield `ℹ ${data.message}\n`;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const result = files.get(data.file) ?? new FileResult();
    files.set(data.file, result);
    if (data.nesting === 0) result.durationMs += data.details.duration_ms;
    if (isSuite(data) || data.details.error?.failureType === 'subtestsFailed') continue;
    if (type === 'test:pass') {
      result.passed += 1;
    } else {
      result.failed += 1;
      failures.push(failureText(data));
      yield failureText(data);
    }
  }
  for (const [file, { passed, failed, durationMs }] of [...files].sort(([a], [b]) =>
    String(a) < String(b) ? -1 : 1,
  )) {
    const seconds = (durationMs / 1000).toFixed(1).padStart(6);
    yield `${failed === 0 ? '✔' : '✖'} ${seconds} s  ${relative(process.cwd(), file ?? '')}  ${passed} passed${failed === 0 ? '' : `, ${failed} failed`}\n`;
  }
  for (const line of summary) yield `ℹ ${line}\n`;
  yield* failures;
}
