import assert from 'node:assert/strict';

/** What strace must record for `recordedCalls`, with the files, all bytes and all strings as numbers. */
export const CHANGING_CALLS =
  '/^(openat|mkdir(at)?|rename(at2?)?|unlink(at)?|rmdir|ftruncate|p?writev?(64)?|lseek|fsync|fdatasync)$';

/** A system call that has succeeded. */
export interface RecordedCall {
  readonly name: string;
  /** The file that is open, of calls on one, and its path. */
  readonly fd: number;
  readonly file: string;
  /** The paths that it names, in their order. */
  readonly paths: readonly string[];
  /** What it writes. */
  readonly bytes: Buffer;
  /** The last number but the result: the offset of `pwrite64` and `pwritev`, the length of `ftruncate`. */
  readonly number: number;
  /** Open flags. */
  readonly flags: ReadonlySet<string>;
  readonly result: number;
}

/** Lines that strace has printed, each when its call had succeeded. */
export function* recordedCalls(lines: readonly string[]): Generator<RecordedCall> {
  for (const line of lines) {
    const [, name, args = '', result = ''] = /^\d+ +(\w+)\((.*)\) += (\d+)/.exec(line) ?? [];
    if (name !== undefined) yield recordedCall(name, args, Number(result));
  }
}

function recordedCall(name: string, args: string, result: number): RecordedCall {
  assert.ok(!args.includes('unfinished'), 'calls are recorded when they have succeeded');
  const strings = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)].map(([, hex = '', cut]) => {
    assert.equal(cut, undefined, 'all bytes are recorded');
    return bytesOf(hex);
  });
  const isWrite = name.includes('write');
  return {
    name,
    fd: Number(/^\d+/.exec(args)?.[0] ?? -1),
    file: textOf(/^\d+<([^>]*)>/.exec(args)?.[1] ?? ''),
    paths: isWrite ? [] : strings.map((bytes) => bytes.toString()),
    bytes: isWrite ? Buffer.concat(strings).subarray(0, result) : Buffer.alloc(0),
    number: Number(/, (\d+)$/.exec(args)?.[1] ?? 0),
    flags: new Set(args.match(/O_[A-Z_]+/g)),
    result,
  };
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex');
const textOf = (hex: string): string => bytesOf(hex).toString();
