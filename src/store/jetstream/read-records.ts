import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors/index.js';
import { unreachable } from '../../nats/index.js';
import type { LogEntry } from '../log/partition-log.js';
import { corruptError } from '../storage-error.js';
import type { PartitionStream, StoredMessage } from './partition-stream.js';
import { readAhead } from './read-ahead.js';
import { RecordPieces } from './record-pieces.js';

/** What is asked for at once. It is held with the next one, which is on its way meanwhile. */
const PORTION_MESSAGES = 500;
const PORTION_BYTES = 4 * 1024 * 1024;
/** How long a replica may be behind, and nobody be there. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/** From where to where, and how it ends early. */
export interface RecordReading {
  readonly stream: PartitionStream;
  /** For messages. */
  readonly location: string;
  readonly after: number;
  readonly upTo: number;
  /** @throws MillraceError once the log is closed */
  readonly checkOpen: () => void;
}

/** PL4: the records behind `after`, up to that at `upTo`, each of them whole. */
export async function* readRecords({
  stream,
  location,
  after,
  upTo,
  checkOpen,
}: RecordReading): AsyncGenerator<LogEntry, void> {
  const pieces = new RecordPieces();
  const messages = readAhead<StoredMessage>((last) => {
    const next = (last?.seq ?? after) + 1;
    return next > upTo ? undefined : portionFrom(stream, location, next, checkOpen);
  });
  for await (const message of messages) {
    if (message.seq > upTo) break;
    const record = pieces.take(message.place, message.bytes);
    if (record === 'foreign' || message.mark === '') throw foreign(location, message.seq);
    if (record !== undefined) yield { seq: message.seq, record };
    checkOpen();
  }
  if (pieces.open) throw corruptError(`${location} ends at ${upTo} in the middle of a record`);
}

/** At least the message at `seq`, and those behind it without a gap. */
const portionFrom = async (
  stream: PartitionStream,
  location: string,
  seq: number,
  checkOpen: () => void,
): Promise<readonly StoredMessage[]> => {
  const endsAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const messages = withoutGap(await stream.portion({ seq, count: PORTION_MESSAGES, maxBytes: PORTION_BYTES }), seq);
    checkOpen();
    if (messages.length > 0) return messages;
    // a replica may be behind, or have a hole: who leads them is asked
    const message = await stream.messageAt(seq);
    if (message !== undefined) return [message];
    await checkStillThere(stream, location, seq);
    if (performance.now() > endsAt) throw unreachable(`${location}: no server has the message ${seq} yet`);
    await sleep(PAUSE_MS);
    checkOpen();
  }
};

const withoutGap = (messages: readonly StoredMessage[], seq: number): readonly StoredMessage[] => {
  const gap = messages.findIndex((message, index) => message.seq !== seq + index);
  return gap === -1 ? messages : messages.slice(0, gap);
};

/** What is below the first one, or missing between, does not come any more. */
const checkStillThere = async (stream: PartitionStream, location: string, seq: number): Promise<void> => {
  const { state } = await stream.info();
  if (seq > state.last_seq || (await stream.messageAt(seq)) !== undefined) return;
  const why = seq < state.first_seq ? `it begins at ${state.first_seq}` : 'somebody has removed it';
  throw corruptError(`${location} does not have the message ${seq} any more: ${why}`);
};

/** Somebody else has written to the subject, or removed a piece of a record. */
export const foreign = (location: string, seq: number): MillraceError =>
  new MillraceError('STORE_CORRUPT', `${location} has a message at ${seq} that is no record, or not the next one`, {
    advice: 'Give Millrace an account of its own, so that nobody else writes there; restore the stream from a backup.',
  });
