import type { MillraceError } from '../../errors/index.js';
import type { LogLook } from '../log/log-look.js';
import type { RecordLook } from './record-look.js';

/** How far a log is. */
export interface LogFacts {
  /** The seq of its last record; 0: there is none. */
  readonly seq: number;
  /** Of its last owner. */
  readonly epoch: number;
  /** Files that it has; undefined: it has none, but a stream. */
  readonly segments: number | undefined;
  /** Of the records behind the snapshot. */
  readonly tailBytes: number;
  /** The last one; undefined: there is none. */
  readonly snapshot: { readonly seq: number; readonly bytes: number } | undefined;
}

/** A partition that is looked at. */
export interface StoreLook {
  /** As the store itself says; undefined where it does not. */
  readonly job: string | undefined;
  /** Undefined: it is of an earlier version, without a log. */
  readonly log: LogFacts | undefined;
  readonly records: RecordLook;
  /** What ends the log before its end. */
  readonly problem: MillraceError | undefined;
}

export const logFacts = ({ head, snapshot, tailBytes }: LogLook, segments: number | undefined): LogFacts => ({
  seq: head?.seq ?? 0,
  epoch: head?.epoch ?? 0,
  segments,
  tailBytes,
  snapshot: snapshot && { seq: snapshot.from.seq, bytes: snapshot.bytes },
});

/** A log that is trimmed while it is read is read again from its new snapshot. */
const MOST_LOOKS = 5;

/**
 * Opens a look and uses it.
 * @param use is called again where the owner removed what was being read, and what it gave before does not count
 */
export async function useLook<T>(open: () => Promise<StoreLook>, use: (look: StoreLook) => Promise<T>): Promise<T> {
  let opened = await open();
  for (let look = 1; ; look += 1) {
    const used = await use(opened);
    if (opened.records.problems.length === 0 || look === MOST_LOOKS) return used;
    const next = await open();
    if (!hasMovedOn(opened, next)) return used;
    opened = next;
  }
}

/** Of an earlier version nothing says so. */
const hasMovedOn = ({ log: before }: StoreLook, { log: now }: StoreLook): boolean =>
  before === undefined || before.snapshot?.seq !== now?.snapshot?.seq || before.segments !== now?.segments;
