import type { Counted, OutboxContents, StoreContents } from '../../engine/inspection/inspect-records.js';
import { calledIn, type PortRecord } from '../../engine/inspection/stored-facts.js';
import { storedAt } from '../../engine/layout/values/row-times.js';
import { isObject } from '../../internal/is-object.js';
import { readSessionRecord } from '../../mqtt/connection/identity/record/read-session-record.js';
import { fromIdRuns } from '../../mqtt/protocol/session/inbound/id-runs.js';
import { readOutboxState } from '../../mqtt/sink/outbox/sender/outbox-state.js';
import { readSourceState } from '../../mqtt/source/durable/source-state.js';
import { fromStoredMemory } from '../../mqtt/source/durable/stored-memory.js';
import { windowsText } from '../../pipeline/windows/kept-windows.js';
import { describeTime, type TimeReport } from './describe-time.js';
import { shownRow, shownValue } from './shown-value.js';
import { timeText } from './time-text.js';

/** What a store knows of a session at a broker. */
export interface SessionReport {
  readonly clientId: string;
  readonly server: string | undefined;
  readonly version: number | undefined;
  readonly phase: string;
  readonly epoch: number;
  /** A CONNECT may have been sent whose session is not known to be ours. */
  readonly connecting: boolean;
  /** It was lost under the policy `fail`, and nobody has decided yet. */
  readonly lost: boolean;
  readonly wentBack: boolean;
  readonly subscriptions: readonly { readonly filter: string; readonly qos: number; readonly granted: number }[];
}

/** Sessions, and what else a source or a sink notes under a name. */
interface PortReport {
  /** As metrics and events have it. */
  readonly name: string;
  /** By which things are stored and given up: with a number where another part of the pipeline had the name before. */
  readonly storedAs: string;
  readonly sessions: readonly SessionReport[];
  readonly notes: Readonly<Record<string, string>>;
}

/** A source in a store. */
export interface SourceReport extends PortReport {
  /** Up to which all is covered; undefined: nothing was committed. */
  readonly position: number | undefined;
  /** Packet ids of QoS 2 messages whose PUBREL has not come, the first hundred; undefined: it is no MQTT source. */
  readonly inboundIds: readonly number[] | undefined;
  readonly inbound: number;
  /** Ids that are remembered though they are finished (R2b). */
  readonly finished: number;
  /** Keys by which it tells copies; undefined: it does not. */
  readonly knownKeys: number | undefined;
  /** Of a source that is none of MQTT. */
  readonly state: string | undefined;
}

/** An outbox in a store. */
export interface OutboxReport {
  readonly name: string;
  /** Not delivered. */
  readonly rows: number;
  readonly bytes: number;
  /** Seq of the first of them, and one above that of the last. */
  readonly low: number;
  readonly end: number;
  /** Of them, how many may have been sent and had no end of their answers yet; undefined where the sink does not note it. */
  readonly sent: number | undefined;
  readonly oldest:
    | {
        readonly seq: number;
        /** ISO 8601: at most a second before it was stored, further before while a backlog goes out; undefined: not known. */
        readonly storedAt: string | undefined;
        readonly topic: string | undefined;
        readonly bytes: number;
      }
    | undefined;
}

/** A sink in a store. */
export interface SinkReport extends PortReport {
  /** What it has had open once; undefined: never. */
  readonly reached: readonly unknown[] | undefined;
  readonly outboxes: readonly OutboxReport[];
}

/** A stage in a store. */
export interface StageReport {
  readonly name: string;
  /** With state. */
  readonly keys: number;
  /** Which windows that is, in words; undefined: it is not that of windows. */
  readonly windows: string | undefined;
  readonly bytes: number;
  /** Items of mapAsync that have no result yet; undefined: it is no such stage. */
  readonly pendingCalls: number | undefined;
  /** That are set; undefined: it keeps none. */
  readonly timers: number | undefined;
  /** When the first key is looked at, for one of them or to be forgotten: ISO 8601. */
  readonly nextTimer: string | undefined;
}

/** The parts of a partition, as they are stored. */
export interface ContentsReport {
  readonly sources: readonly SourceReport[];
  readonly sinks: readonly SinkReport[];
  readonly stages: readonly StageReport[];
  /** How far event time has come; empty without timestamps. */
  readonly time: readonly TimeReport[];
  /** The next run takes inputs one by one: the last one lost work to a failing item. */
  readonly careful: boolean;
  /** Keys that this version does not know. */
  readonly unknownKeys: number;
}

const MOST_IDS = 100;

/** What a partition has, in the terms of its parts. */
export const describeContents = (contents: StoreContents): ContentsReport => {
  const { facts } = contents;
  const named = (list: 'sources' | 'sinks' | 'stages'): readonly string[] => {
    const names: unknown = Object(facts.manifest)[list];
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  };
  const recordsOf = (kind: string): readonly string[] =>
    facts.records.filter(({ port }) => port.startsWith(`${kind} `)).map(({ port }) => port.slice(kind.length + 1));
  const sources = new Set([...named('sources'), ...facts.sources.keys(), ...recordsOf('source')]);
  const sinks = new Set([...named('sinks'), ...facts.outboxes.map(({ sink }) => sink), ...recordsOf('sink')]);
  const stages = new Set([
    ...named('stages'),
    ...contents.states.keys(),
    ...contents.calls.keys(),
    ...facts.calls.keys(),
    ...facts.timers.keys(),
  ]);
  return {
    sources: [...sources].map((name) => sourceReport(name, contents)),
    sinks: [...sinks].map((name) => sinkReport(name, contents)),
    stages: [...stages].map((name) => stageReport(name, contents)),
    time: describeTime(facts.time),
    careful: facts.careful,
    unknownKeys: contents.unknown.count,
  };
};

const NOTHING: Counted = { count: 0, bytes: 0 };

const stageReport = (name: string, { states, calls, due, facts }: StoreContents): StageReport => {
  const { count, bytes } = states.get(name) ?? NOTHING;
  const pending = calls.get(name)?.count ?? (facts.calls.has(name) ? 0 : undefined);
  const next = due.get(name);
  const timers = facts.timers.get(name) ?? (next === undefined ? undefined : 0);
  const nextTimer = next === undefined ? undefined : timeText(next);
  const kept = facts.windows.get(name);
  const windows = kept && windowsText(kept);
  return { name, keys: count, windows, bytes, pendingCalls: pending, timers, nextTimer };
};

const sourceReport = (storedAs: string, { facts }: StoreContents): SourceReport => {
  const stored = facts.sources.get(storedAs);
  const common = {
    name: calledIn(facts, 'source', storedAs),
    storedAs,
    position: stored?.upTo,
    knownKeys: facts.known.get(storedAs),
    ...recordsReport(facts.records.filter(({ port }) => port === `source ${storedAs}`)),
  };
  const state = attempt(() => readSourceState(stored?.state, storedAs));
  if (state === undefined) {
    const shown = stored?.state === undefined ? undefined : shownValue(stored.state);
    return { ...common, inboundIds: undefined, inbound: 0, finished: 0, state: shown };
  }
  const ids = fromIdRuns(state.inbound);
  const memory = attempt(() => fromStoredMemory(state.memory));
  const finished = memory === undefined ? 0 : fromIdRuns(memory.finished).length;
  return { ...common, inboundIds: ids.slice(0, MOST_IDS), inbound: ids.length, finished, state: undefined };
};

const sinkReport = (storedAs: string, { facts, outboxes }: StoreContents): SinkReport => {
  const reached = facts.reached[storedAs];
  return {
    name: calledIn(facts, 'sink', storedAs),
    storedAs,
    reached: Array.isArray(reached) ? reached : undefined,
    outboxes: outboxes.filter(({ sink }) => sink === storedAs).map(outboxReport),
    ...recordsReport(facts.records.filter(({ port }) => port === `sink ${storedAs}`)),
  };
};

const outboxReport = (contents: OutboxContents): OutboxReport => {
  const { outbox, rows, rowBytes, low, end, state, oldest } = contents;
  const sender = attempt(() => readOutboxState(state));
  const done = sender === undefined ? 0 : runLength(sender.done);
  const row = oldest && attempt(() => shownRow(oldest.bytes, state));
  return {
    name: outbox,
    rows,
    bytes: rowBytes,
    low,
    end,
    sent: sender && Math.max(0, Math.min(sender.mark, end) - low - done),
    oldest: oldest && {
      seq: oldest.seq,
      storedAt: storedTime(contents, oldest.seq),
      topic: row?.topic,
      bytes: oldest.bytes.byteLength,
    },
  };
};

const storedTime = ({ times = [] }: OutboxContents, seq: number): string | undefined => {
  const at = attempt(() => storedAt(times, seq));
  return at === undefined ? undefined : attempt(() => new Date(at).toISOString());
};

/** Of pairs of bounds. */
const runLength = (bounds: Uint32Array): number =>
  bounds.reduce((sum, bound, index) => sum + (index % 2 === 0 ? -bound : bound), 0);

const recordsReport = (records: readonly PortRecord[]): Pick<PortReport, 'sessions' | 'notes'> => {
  const sessions: SessionReport[] = [];
  const notes: Record<string, string> = {};
  for (const { name, value } of records) {
    const session = isObject(value) ? attempt(() => sessionReport(name, value)) : undefined;
    if (session === undefined) notes[name] = shownValue(value);
    else sessions.push(session);
  }
  return { sessions, notes };
};

const sessionReport = (clientId: string, value: unknown): SessionReport | undefined => {
  const record = readSessionRecord(value);
  if (record === undefined) return undefined;
  const { server, version, phase, epoch, connecting, lost, wentBack } = record;
  const subscriptions = record.subscriptions.map(({ subscription: { filter, qos }, granted }) => ({
    filter,
    qos,
    granted,
  }));
  return { clientId, server, version, phase, epoch, connecting, lost, wentBack, subscriptions };
};

/** What is not of MQTT is not read as such. */
const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};
