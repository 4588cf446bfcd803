import type { TestCell } from './mutant-cell.js';
import type { SourcePatch } from './mutant-patch.js';

/** A way to be wrong that the tests must notice: the negative controls of the fault matrix. */
export interface Mutant {
  readonly id: string;
  /** What it does wrong. */
  readonly title: string;
  readonly patches: readonly SourcePatch[];
  /** The id of the cell that is there to catch it. */
  readonly caughtBy: string;
}

/** The cells of the kill table, each a part of our own tests. */
export const CELLS: readonly TestCell[] = [
  { id: 'A2', file: 'test/unit/engine/durable/durable.test.ts', test: 'Invariant 1' },
  { id: 'A6', file: 'test/unit/mqtt/source/durable/acks.test.ts', test: 'R3:' },
  { id: 'B3', file: 'test/unit/mqtt/source/durable/acks.test.ts', test: 'a crash before the commit' },
  { id: 'C4', file: 'test/unit/mqtt/protocol/session/lifecycle.test.ts' },
  { id: 'D1', file: 'test/unit/store/group-committer.test.ts' },
  { id: 'D7', file: 'test/fault/store-damage.test.ts', test: 'a damaged record is named' },
  { id: 'E2', file: 'test/unit/mqtt/protocol/session/outbound/outbound.test.ts' },
  { id: 'F1', file: 'test/unit/engine/durable/durable.test.ts', test: 'Invariant 2' },
  { id: 'F7', file: 'test/unit/mqtt/sink/outbox/sender/mqtt-outbox-sender.test.ts', test: 'R9, R12' },
  { id: 'F11', file: 'test/unit/mqtt/sink/outbox/sender/mqtt-outbox-sender.test.ts', test: 'R10: a row stays' },
  { id: 'F13', file: 'test/unit/mqtt/protocol/session/birth.test.ts', test: 'R8: the packet ids' },
  { id: 'G3', file: 'test/unit/mqtt/connection/subscriptions/subscriptions.test.ts' },
  { id: 'takeover', file: 'test/integration/connection-takeover.test.ts', test: 'when its CONNECT arrives after' },
  {
    id: 'first session',
    file: 'test/integration/connection-durable.test.ts',
    test: 'goes on with it, and asks for all',
  },
  { id: 'late CONNECT', file: 'test/integration/connection-takeover.test.ts', test: 'when its first CONNECT arrives' },
  { id: 'G6', file: 'test/unit/mqtt/protocol/session/inbound/inbound.test.ts', test: 'topic aliases' },
];

/** Cells that no mutant needs, which show what the slower kinds of tests notice; shortened, for they run on every mutant. */
export const FURTHER_CELLS: readonly TestCell[] = [
  { id: 'model', file: 'test/simulation/protocol-model.test.ts', test: 'loses and doubles nothing and gets done' },
  { id: 'outbox histories', file: 'test/simulation/sink-outbox-histories.test.ts', env: { MILLRACE_HISTORIES: '30' } },
  { id: 'takeover histories', file: 'test/simulation/job-takeovers.test.ts', env: { MILLRACE_SEEDS: '99' } },
  { id: 'job histories', file: 'test/simulation/job-exactly-once.test.ts', env: { MILLRACE_SEEDS: '99' } },
];

const IDENTITY = 'src/mqtt/connection/identity/recorded-identity.ts';

/** All sixteen. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'M1',
    title: 'acknowledges before the commit is durable',
    caughtBy: 'A2',
    patches: [
      {
        file: 'src/engine/durable/durable-tick.ts',
        find: '    this.#committing = true;\n    this.#timing.sealed',
        replace:
          '    this.#committing = true;\n    for (const commit of this.#sealed) commit.lane.handleCommitted(commit);\n    this.#sealed = [];\n    this.#timing.sealed',
      },
    ],
  },
  {
    id: 'M2',
    title: 'does not check the checksums of the store',
    caughtBy: 'D7',
    patches: [
      {
        file: 'src/store/lmdb/records/record-checksum.ts',
        find: 'return bytes.readUInt32LE(0) === checksum(key, value) ? value : undefined;',
        replace: 'return value;',
      },
    ],
  },
  {
    id: 'M3',
    title: 'does not store that PUBREC came',
    caughtBy: 'F7',
    patches: [
      {
        file: 'src/mqtt/sink/outbox/sender/outbox-progress.ts',
        find: "received: this.stages.runs('received'),",
        replace: 'received: new Uint32Array(),',
      },
    ],
  },
  {
    id: 'M4',
    title: 'answers PUBREL before the commit that forgets the id',
    caughtBy: 'A6',
    patches: [
      {
        file: 'src/mqtt/source/durable/acks.ts',
        find: 'this.#released.push(token);',
        replace: 'this.#released.push(token);\n    this.#session.complete(token);',
      },
    ],
  },
  {
    id: 'M5',
    title: 'begins with packet id 1 in each process',
    caughtBy: 'F13',
    patches: [
      {
        file: 'src/mqtt/protocol/session/outbound/outbound-window.ts',
        find: 'export function packetIdOf(seq: number): number {\n  return 1 + (seq % PUBLISH_IDS);',
        replace:
          'let first: number | undefined;\nexport function packetIdOf(seq: number): number {\n  first ??= seq;\n  return 1 + ((seq - first) % PUBLISH_IDS);',
      },
      {
        file: 'src/mqtt/protocol/session/outbound/outbound-window.ts',
        find: '#durableLow = Number.POSITIVE_INFINITY;',
        replace: '#durableLow = ((first = undefined), Number.POSITIVE_INFINITY);',
      },
    ],
  },
  {
    id: 'M6',
    title: 'takes any session for its own, also when the broker says that there was none',
    caughtBy: 'C4',
    patches: [
      {
        file: 'src/mqtt/protocol/session/session-epoch.ts',
        find: 'const fresh = !present || elsewhere',
        replace: 'const fresh = (!present && this.#number === 0) || elsewhere',
      },
    ],
  },
  {
    id: 'M7',
    title: 'forgets the message at PUBREC',
    caughtBy: 'F11',
    patches: [
      {
        file: 'src/mqtt/sink/outbox/sender/outbox-progress.ts',
        find: '    this.#received.push(seq);\n',
        replace: '    this.#received.push(seq);\n    this.complete(seq);\n',
      },
    ],
  },
  {
    id: 'M8',
    title: 'sends a message again under a new packet id',
    caughtBy: 'E2',
    patches: [
      {
        file: 'src/mqtt/protocol/session/outbound/outbound-turns.ts',
        find: 'output.write(publishPacket(message, packetId, true));',
        replace: 'output.write(publishPacket(message, 1 + ((packetId + 999) % 60_000), true));',
      },
    ],
  },
  {
    id: 'M9',
    title: 'stores the outbox in the commit after the one of its input',
    caughtBy: 'F1',
    patches: [
      {
        file: 'src/engine/durable/durable-tick.ts',
        find: 'for (const lane of sinks) for (const outbox of lane.outboxes) outbox.seal(overlay);',
        replace:
          'if (this.#sealed.length === 0) for (const lane of sinks) for (const outbox of lane.outboxes) outbox.seal(overlay);',
      },
    ],
  },
  {
    id: 'M10',
    title: 'takes every PUBLISH with DUP 1 for a copy of what it has',
    caughtBy: 'B3',
    patches: [
      {
        file: 'src/mqtt/protocol/session/inbound/qos2-messages.ts',
        find: 'if (row === undefined && dup) this.#handleUnknown(packet, topic);',
        replace: "if (row === undefined && dup) this.#parts.output.write({ type: 'pubrec', packetId, reasonCode: 0 });",
      },
    ],
  },
  {
    id: 'M11',
    title: 'writes again after a failed fsync',
    caughtBy: 'D1',
    patches: [
      {
        file: 'src/store/group-committer.ts',
        find: 'await this.#write(group.map(({ commit }) => commit));',
        replace:
          'const commits = group.map(({ commit }) => commit);\n      await this.#write(commits).catch(() => this.#write(commits));',
      },
    ],
  },
  {
    id: 'M12',
    title: 'keeps topic aliases over a reconnect',
    caughtBy: 'G6',
    patches: [
      {
        file: 'src/mqtt/protocol/session/inbound/topic-aliases.ts',
        find: 'clear(): void {\n    this.#topics.clear();',
        replace: 'clear(): void {',
      },
    ],
  },
  {
    id: 'M13',
    title: 'subscribes again at every connect',
    caughtBy: 'G3',
    patches: [
      {
        file: 'src/mqtt/connection/subscriptions/subscription-diff.ts',
        find: 'return !certain || known',
        replace: 'return true || known',
      },
    ],
  },
  {
    id: 'M14',
    title: 'speaks on a connection before the store has said who its owner is',
    caughtBy: 'takeover',
    patches: [
      {
        file: IDENTITY,
        find: 'if (this.fenceable && (put === undefined || tell !== undefined)) await',
        replace: 'if (false) await',
      },
      {
        file: IDENTITY,
        find: 'if (put !== undefined) await this.#stored.put(put.record);',
        replace: 'if (put !== undefined) void this.#stored.put(put.record).catch(() => {});',
      },
    ],
  },
  {
    id: 'M15',
    title: 'begins a session anew that was made, and may have been given messages',
    caughtBy: 'first session',
    patches: [
      {
        file: 'src/mqtt/connection/identity/record/read-session-record.ts',
        find: "phase: made === true ? 'made' : phase,",
        replace: 'phase,',
      },
    ],
  },
  {
    id: 'M16',
    title: 'throws a session away by a CONNECT that may come when another owner has it',
    caughtBy: 'late CONNECT',
    patches: [
      {
        file: IDENTITY,
        find: 'const discards = this.fenceable ? this.#server.isUnclean(address) : this.#unsure;',
        replace: 'const discards = this.#unsure;',
      },
    ],
  },
];
