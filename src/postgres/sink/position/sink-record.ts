import { corruptState } from '../../../errors/corrupt-state.js';
import { isCount } from '../../../internal/is-count.js';
import { isObject } from '../../../internal/is-object.js';

/** One opening of a sink in its database. They are counted; the token tells it from any other with the same count. */
export interface Opening {
  /** From 1, one more with each opening. */
  readonly epoch: number;
  /** A UUID. */
  readonly token: string;
}

/** What the store of the job knows of a sink's position in a database. */
export interface SinkRecord {
  /** Raised when a field means something else. */
  readonly version: 1;
  /** A UUID, made for this sink of this store once: whose position it is. */
  readonly identity: string;
  /** The opening that the database had when it was looked at last. */
  readonly seen: Opening | undefined;
  /** The one that was to follow; whether the database has it is found out at the next look. */
  readonly planned: Opening | undefined;
  /** One above the last row that the store had when the database was looked for and not yet found; undefined when it was found. */
  readonly end: number | undefined;
}

/** @throws MillraceError STORE_CORRUPT for what this version has not written */
export const readSinkRecord = (value: unknown): SinkRecord | undefined => {
  if (value === undefined) return undefined;
  if (isRecord(value)) return value;
  throw corruptState('what the store has of a sink to PostgreSQL is not what this version has written');
};

const isRecord = (value: unknown): value is SinkRecord => {
  if (!isObject(value)) return false;
  const { version, identity, seen, planned, end } = value;
  if (version !== 1 || typeof identity !== 'string' || !(end === undefined || isCount(end))) return false;
  return isOpening(seen) && isOpening(planned);
};

const isOpening = (value: unknown): boolean => {
  if (value === undefined) return true;
  if (!isObject(value)) return false;
  const { epoch, token } = value;
  return isCount(epoch) && typeof token === 'string';
};

/** Whether they are one and the same. */
export const isSameOpening = (one: Opening, other: Opening | undefined): boolean =>
  one.epoch === other?.epoch && one.token === other.token;
