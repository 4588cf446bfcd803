import type { OutboxRow, RestoredOutbox } from '../../../../connector/durable-sink.js';
import { corruptState } from '../../../../errors/corrupt-state.js';
import {
  epochOf,
  isLostEpoch,
  type SessionRecord,
  wasDropped,
} from '../../../connection/identity/record/session-record.js';
import type { ProtocolVersion } from '../../../protocol/protocol-version.js';
import type { OutboundRow, SessionState } from '../../../protocol/session/session-state.js';
import { Row } from '../../message/row.js';
import { type OutboxState, readOutboxState } from './outbox-state.js';
import type { RowCodec } from './row-codec.js';
import { SeqStages } from './seq-stages.js';

/** How a sender begins. */
export interface OutboxBirth {
  /** The past of its session. */
  readonly session: SessionState;
  /** The version in which it was; undefined before the first. */
  readonly version: ProtocolVersion | undefined;
  /** From the lowest incomplete row on; those above the stored mark are open. */
  readonly stages: SeqStages;
  /** Rows from here on were never sent: the engine offers them. */
  readonly next: number;
  /** One above the last stored row. */
  readonly end: number;
  /** The durable sent mark of the epoch; when a commit of this epoch has yet to give one, the lowest incomplete row (R8a). */
  readonly mark: number;
  /** The rows that the session has, ascending. */
  readonly sent: readonly Row[];
  /** QoS 0 rows that may have been written: nothing has confirmed it, so they are written again. */
  readonly unwritten: readonly Row[];
  /** How many rows in doubt the policy `drop` gave up (R17). */
  readonly dropped: number;
}

/**
 * Makes of what the store has of an outbox the past with which its session and its sender begin. The rows below the sent mark that
 * are not complete may be at the broker. In the epoch of the state those whose PUBREC was durable are released, so that PUBREL is what
 * goes out again (R9); all others go out again as they were sent, under their ids and with DUP 1 (R8, R12). When the session was lost
 * since (R5), PUBRECs of the lost one mean nothing: all count as sent, or were dropped (R17).
 * @throws MillraceError STORE_CORRUPT
 */
export const restoreOutbox = (
  restored: RestoredOutbox,
  record: SessionRecord | undefined,
  codec: RowCodec,
): OutboxBirth => {
  const state = stateOf(restored, record);
  const stages = new SeqStages(state.low);
  forEachSeq(state.done, state.low, (seq) => stages.complete(seq));
  const lost = isLostEpoch(record, state.epoch);
  if (!lost) forEachSeq(state.received, state.low, (seq) => stages.receive(seq));
  const drop = wasDropped(record, state.epoch);
  const outbound: OutboundRow[] = [];
  const sent: Row[] = [];
  const unwritten: Row[] = [];
  let dropped = 0;
  for (const stored of storedRows(restored, state)) {
    const { seq } = stored;
    const stage = stages.get(seq);
    if (stage === 'done') continue;
    if (drop) {
      stages.complete(seq);
      dropped += 1;
      continue;
    }
    const row = sentRow(stored, record, codec);
    if (row.qos === 0) {
      unwritten.push(row);
      continue;
    }
    sent.push(row);
    outbound.push({ message: row, stage: stage === 'received' && row.qos === 2 ? 'released' : 'sent' });
  }
  // what the broker of a lost session held half-done is gone with it
  const burnt = lost ? [] : [...state.burnt];
  const session = { epoch: epochOf(record), inbound: [], outbound, burnt };
  // nothing has been sent in the new epoch, and what had been waits for a mark of that (R8a)
  const mark = lost ? state.low : state.mark;
  const version = record?.version;
  return { session, version, stages, next: state.mark, end: restored.end, mark, sent, unwritten, dropped };
};

/** Where no commit has said anything of an outbox nothing of it was sent. */
const stateOf = (restored: RestoredOutbox, record: SessionRecord | undefined): OutboxState => {
  const { low, end } = restored;
  const runs = { received: new Uint32Array(), done: new Uint32Array() };
  const none = { epoch: epochOf(record), low, mark: low, ...runs, burnt: new Uint16Array() };
  const state = readOutboxState(restored.state) ?? none;
  if (state.low !== low || state.mark > end) {
    throw corruptState(
      `the state of an MQTT outbox (${state.low} to ${state.mark}) is not that of its rows (${low} to ${end})`,
    );
  }
  return state;
};

/** One that is missing cannot be sent again, whatever its broker has of it: the store is not whole. */
function* storedRows(restored: RestoredOutbox, { low, mark }: OutboxState): Generator<OutboxRow> {
  let expected = low;
  for (const row of restored.rows(low, mark)) {
    if (row.seq !== expected) break;
    yield row;
    expected += 1;
  }
  if (expected !== mark) throw corruptState(`row ${expected} of an MQTT outbox is missing`);
}

/** A row that the session of this version has; 3.x has no place for properties. */
const sentRow = ({ seq, bytes }: OutboxRow, record: SessionRecord | undefined, codec: RowCodec): Row => {
  const content = codec.decode(bytes);
  const version = record?.version ?? 5;
  const row = new Row(seq, version < 5 ? { ...content, properties: undefined } : content);
  row.seq = seq;
  return row;
};

const forEachSeq = (runs: Uint32Array, low: number, visit: (seq: number) => void): void => {
  for (let at = 0; at + 1 < runs.length; at += 2) {
    for (let seq = low + (runs[at] ?? 0); seq < low + (runs[at + 1] ?? 0); seq += 1) visit(seq);
  }
};
