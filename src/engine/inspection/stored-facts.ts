import { MillraceError } from '../../errors/millrace-error.js';
import { isCount } from '../../internal/is-count.js';
import { isObject } from '../../internal/is-object.js';
import type { EventTimesState } from '../../pipeline/time/event-times.js';
import type { KeptWindows } from '../../pipeline/windows/kept-windows.js';
import type { RecordLook } from '../../store/look/record-look.js';
import { decodeDueTime } from '../layout/values/due-time.js';
import { readEventTimes } from '../layout/values/event-times-record.js';
import { type OutboxHead, readOutboxHead } from '../layout/values/outbox-head.js';
import { readSourceRecord, type SourceRecord } from '../layout/values/source-record.js';
import { decodeStage } from '../layout/values/stage-record.js';
import { decodeBundle, type Span } from '../layout/values/state-bundle.js';
import { decodeStored } from '../layout/values/stored-value.js';
import { type KeyPlace, placeOfKey } from './key-place.js';

/** A small record of a source or a sink: what it knows of a session at its broker, of its position in a database. */
export interface PortRecord {
  /** `source x`, `sink x`. */
  readonly port: string;
  /** A client id, for instance. */
  readonly name: string;
  readonly value: unknown;
}

/** An outbox by its names. */
export interface StoredHead extends OutboxHead {
  readonly sink: string;
  readonly outbox: string;
}

/** A state of a bundle: the bytes of its record there. */
export type BundledRecord = Uint8Array;

/** The records of a partition that are few: what a part is, without what it has many of. */
export interface StoredFacts {
  /** Something may be stored for these parts; undefined: no run has begun yet, or it cannot be read. */
  readonly manifest: unknown;
  /** A run lost work to a failing item, and the next ones take inputs one by one until they are past it. */
  readonly careful: boolean;
  /** The claims of the sinks that were open once, by name. */
  readonly reached: Readonly<Record<string, unknown>>;
  readonly sources: ReadonlyMap<string, SourceRecord>;
  readonly records: readonly PortRecord[];
  readonly outboxes: readonly StoredHead[];
  /** Number of the first item that is not done, by mapAsync stage. */
  readonly calls: ReadonlyMap<string, number>;
  /** Timers that are set, by stage; those that forget a key do not count. */
  readonly timers: ReadonlyMap<string, number>;
  /** By stage: when the first of the timers that bundles have is looked at. */
  readonly firstDue: ReadonlyMap<string, number>;
  /** Keys that a deduplicating source knows. */
  readonly known: ReadonlyMap<string, number>;
  /** Stages that have, or had, state. */
  readonly stages: ReadonlySet<string>;
  /** Of those whose states are windows, which. */
  readonly windows: ReadonlyMap<string, KeptWindows>;
  /** How far event time has come; undefined: nothing of it was committed. */
  readonly time: EventTimesState | undefined;
  /** By stage and what stands behind its prefix: the states that bundles have, which count before those under keys of their own. */
  readonly bundled: ReadonlyMap<string, ReadonlyMap<string, BundledRecord>>;
}

/** Behind the prefix of a stage: a bundle of states, or of timers in their order (`StateBundles`). */
const BUNDLE = /^d\d{16}$/;

const isSmall = (place: KeyPlace | undefined): boolean => {
  switch (place?.is) {
    case undefined:
    case 'page':
    case 'rows':
      return false;
    case 'state':
    case 'due':
      return place.rest === undefined || BUNDLE.test(place.rest);
    case 'keys':
    case 'timer':
    case 'early':
    case 'early-due':
    case 'async':
    case 'dedupe':
      return place.rest === undefined;
    default:
      return true;
  }
};

/** Whether the record of a place is one of `readStoredFacts`. */
export const isFact = (key: string): boolean => isSmall(placeOfKey(key));

/**
 * Reads what there are few of. One that is not readable is told and left out.
 * @param damaged is told of each
 */
export const readStoredFacts = async (
  look: RecordLook,
  damaged: (error: MillraceError) => void,
): Promise<StoredFacts> => {
  const facts = new Facts();
  for await (const { key, value } of look.records(isFact)) {
    const place = placeOfKey(key);
    try {
      if (place !== undefined) facts.take(place, value);
    } catch (error) {
      const { code, message } = MillraceError.from(error, 'STORE_CORRUPT');
      damaged(new MillraceError(code, `the record ${key} cannot be read: ${message}`, { cause: error }));
    }
  }
  facts.settleBundles(damaged);
  return facts;
};

/** What metrics and events call a source or a sink, of which things are stored under this name. */
export const calledIn = (
  { manifest }: Pick<StoredFacts, 'manifest'>,
  kind: 'source' | 'sink',
  stored: string,
): string => {
  const called: unknown = Object(Object(manifest).called)[`${kind} ${stored}`];
  return typeof called === 'string' ? called : stored;
};

class Facts implements StoredFacts {
  manifest: unknown;
  careful = false;
  reached: Readonly<Record<string, unknown>> = {};
  readonly sources = new Map<string, SourceRecord>();
  readonly records: PortRecord[] = [];
  readonly outboxes: StoredHead[] = [];
  readonly calls = new Map<string, number>();
  readonly timers = new Map<string, number>();
  readonly firstDue = new Map<string, number>();
  readonly known = new Map<string, number>();
  readonly stages = new Set<string>();
  readonly windows = new Map<string, KeptWindows>();
  time: EventTimesState | undefined;
  readonly bundled = new Map<string, Map<string, BundledRecord>>();
  readonly #bundles = new Map<string, Map<string, Uint8Array>>();
  readonly #dueBundles = new Map<string, Map<string, Uint8Array>>();

  take(place: KeyPlace, value: Uint8Array): void {
    switch (place.is) {
      case 'job':
        this.manifest = decodeStored(value);
        return;
      case 'careful':
        this.careful = true;
        return;
      case 'reached': {
        const reached = decodeStored(value);
        this.reached = isObject(reached) ? reached : {};
        return;
      }
      case 'source':
        this.sources.set(place.source, readSourceRecord(value));
        return;
      case 'record':
        this.records.push({ port: place.port, name: place.name, value: decodeStored(value) });
        return;
      case 'outbox':
        this.outboxes.push({ sink: place.sink, outbox: place.outbox, ...readOutboxHead(value) });
        return;
      case 'async': {
        const head = decodeStored(value);
        if (isCount(head)) this.calls.set(place.name, head);
        return;
      }
      case 'due':
        this.#takeTimers(place.name, place.rest, value);
        return;
      case 'dedupe': {
        const { ring } = Object(decodeStored(value));
        this.known.set(place.name, Number(Object(ring).size ?? 0));
        return;
      }
      case 'time':
        this.time = readEventTimes(value);
        return;
      case 'state':
        this.#takeStage(place.name, place.rest, value);
        return;
      default:
        return;
    }
  }

  #takeStage(stage: string, rest: string | undefined, value: Uint8Array): void {
    this.stages.add(stage);
    if (rest === undefined) {
      const { windows } = decodeStage(value);
      if (windows !== undefined) this.windows.set(stage, windows);
      return;
    }
    addBundle(this.#bundles, stage, { rest, value });
  }

  #takeTimers(stage: string, rest: string | undefined, value: Uint8Array): void {
    if (rest !== undefined) {
      addBundle(this.#dueBundles, stage, { rest, value });
      return;
    }
    const pending = decodeStored(value);
    if (isCount(pending)) this.timers.set(stage, pending);
  }

  settleBundles(damaged: (error: MillraceError) => void): void {
    for (const stage of this.stages) {
      this.bundled.set(stage, settled(`stage "${stage}"`, this.#bundles.get(stage), damaged));
    }
    for (const [stage, bundles] of this.#dueBundles) {
      const records = [...settled(`the timers of stage "${stage}"`, bundles, damaged).values()];
      const times = records.map((record) => decodeDueTime(record) ?? Number.POSITIVE_INFINITY);
      const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
      if (first < Number.POSITIVE_INFINITY) this.firstDue.set(stage, first);
    }
  }
}

type Bundles = Map<string, Uint8Array>;

const addBundle = (
  all: Map<string, Bundles>,
  stage: string,
  { rest, value }: { readonly rest: string; readonly value: Uint8Array },
): void => {
  const bundles = all.get(stage) ?? new Map<string, Uint8Array>();
  all.set(stage, bundles.set(rest, value));
};

/** The last bundle that names a key says where its record is (SB1). */
const settled = (
  owner: string,
  bundles: Bundles = new Map(),
  damaged: (error: MillraceError) => void,
): Map<string, BundledRecord> => {
  const at = new Map<string, BundledRecord>();
  for (const [name, bytes] of [...bundles].sort(([one], [other]) => (one < other ? -1 : 1))) {
    try {
      const { states } = decodeBundle(bytes, `${owner}, bundle ${name}`);
      for (const { text, at: span } of states) {
        if (span === undefined) at.delete(text);
        else at.set(text, recordAt(bytes, span));
      }
    } catch (error) {
      damaged(MillraceError.from(error));
    }
  }
  return at;
};

const recordAt = (bytes: Uint8Array, { start, end }: Span): Uint8Array => bytes.subarray(start, end);
