import type { MillraceError } from '../../errors/index.js';
import type { FoundKind } from '../../store/look/found-stores.js';
import type { LogFacts } from '../../store/look/store-look.js';
import type { ContentsReport } from './describe-contents.js';
import type { ShownBytes, ShownRow } from './shown-value.js';
import type { WindowReport } from './shown-windows.js';

/** What was asked for by `--key`. */
export interface StateReport {
  readonly stage: string;
  readonly key: string;
  /** `string`, `number`, `bigint` or `boolean`: a text may be the key of more than one. */
  readonly keyType: string;
  /** Of the codec. */
  readonly version: number;
  readonly value?: string;
  /** Where it is that of windows: those that are open, in the order of their ends. */
  readonly windows?: readonly WindowReport[];
  readonly bytes: ShownBytes;
}

/** What was asked for by `--seq`. */
export interface RowReport extends ShownRow {
  readonly sink: string;
  readonly outbox: string;
  readonly seq: number;
  /** Below the first that is not complete: it is stored still, and delivered. */
  readonly delivered: boolean;
}

/** A partition of a job. */
export interface PartitionReport {
  /** Undefined: the store does not say, and its directory cannot. */
  readonly job: string | undefined;
  readonly partition: number;
  /** Without an ending; of a partition at servers, which stream. */
  readonly place: string;
  /** Undefined: of an earlier version, without one, or it cannot be read. */
  readonly log: LogFacts | undefined;
  /** Undefined: something else was asked for, or nothing could be read. */
  readonly contents: ContentsReport | undefined;
  /** Whether all was counted; false: there is more than `--limit`. */
  readonly complete: boolean;
  readonly states: readonly StateReport[];
  readonly rows: readonly RowReport[];
  readonly problems: readonly MillraceError[];
}

/** What `millrace inspect` tells. */
export interface InspectionReport {
  /** A directory, or servers. */
  readonly location: string;
  /** What the directory is, by what is in it; of servers `stores`. */
  readonly kind: FoundKind;
  /** What the last owner wrote of itself. */
  readonly owner: string | undefined;
  readonly partitions: readonly PartitionReport[];
  /** Of what is no partition. */
  readonly problems: readonly MillraceError[];
}
