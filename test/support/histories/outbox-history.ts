import assert from 'node:assert/strict';
import type { OutboxRow } from '../../../src/connector/durable-sink.js';
import { RetryStrategies } from '../../../src/connector/retry/retry-strategies.js';
import { MillraceError } from '../../../src/errors/millrace-error.js';
import {
  beginCreating,
  beginEpoch,
  markGranted,
  type SessionRecord,
} from '../../../src/mqtt/connection/identity/record/session-record.js';
import { packetIdOf } from '../../../src/mqtt/protocol/session/outbound/outbound-window.js';
import { Session } from '../../../src/mqtt/protocol/session/session.js';
import { deadLetterOf } from '../../../src/mqtt/sink/message/dead-letter-of.js';
import { MqttOutboxSender } from '../../../src/mqtt/sink/outbox/sender/mqtt-outbox-sender.js';
import { readOutboxState } from '../../../src/mqtt/sink/outbox/sender/outbox-state.js';
import { restoreOutbox } from '../../../src/mqtt/sink/outbox/sender/restore-outbox.js';
import { RowCodec } from '../../../src/mqtt/sink/outbox/sender/row-codec.js';
import { SILENT_METER } from '../rigs/silent-meter.js';
import { SeededRandom } from '../seeded-random.js';
import { MemoryOutboxes, type OutboxCommit } from '../store/memory-outboxes.js';
import { connectRequest, sessionOptions } from './client-session.js';
import { OutboxBroker } from './outbox-broker.js';

/** What may happen in a history besides crashes and cuts. */
export interface OutboxHistoryOptions {
  /** The broker loses the session, and this is what is done about it. */
  readonly losses?: 'redeliver' | 'drop';
  /** The broker refuses messages, for now and for good. */
  readonly refusals?: boolean;
  /** The broker ends each connection at every 13th message, and the answers before it may be lost with it (R20a). */
  readonly poison?: boolean;
  /** Of the messages; several are mixed. Default [2]. */
  readonly qos?: readonly (0 | 1 | 2)[];
  /** The seq of the first row. Default: shortly below the wrap of the packet ids. */
  readonly first?: number;
}

const NAME = 'client';
const STEPS = 400;
const ROWS = 60;
const NOTHING = new Uint8Array(0);

/** What a process has in memory. */
interface Process {
  readonly session: Session;
  readonly outbox: MqttOutboxSender;
  /** Rows of the next commit. */
  added: OutboxRow[];
  readonly sealed: OutboxCommit[];
}

/**
 * One random history of an outbox over a real session: rows are added, commits are sealed, become durable late, or only some of them
 * do before a crash; packets are lost with their connection. The broker works by the letter, and everything that leaves is checked
 * against what is durable at that moment.
 */
export class OutboxHistory {
  readonly #random: SeededRandom;
  readonly #options: OutboxHistoryOptions;
  readonly #codec = new RowCodec();
  readonly #broker: OutboxBroker;
  readonly #topics = new Map<number, string>();
  readonly #unconfirmed = new Set<number>();
  /** Deliveries by seq, in order. */
  readonly #deliveries: number[] = [];
  readonly #letters = new Set<number>();
  /** Rows that a loss has put in doubt. */
  readonly #doubted = new Set<number>();
  #store = new MemoryOutboxes();
  #process: Process;
  #end: number;
  #up: Uint8Array = NOTHING;
  #down: Uint8Array = NOTHING;
  #connected = false;
  #now = 0;
  #healing = false;

  constructor(seed: number, options: OutboxHistoryOptions = {}) {
    this.#random = new SeededRandom(seed);
    this.#options = options;
    this.#end = options.first ?? 59_980;
    const atRelease = this.#random.chance(0.5);
    this.#broker = new OutboxBroker({
      receiveMaximum: 1 + this.#random.below(8),
      atRelease,
      // a broker that hands on at PUBREL owes us PUBRECs in order, or it could not keep the order of a topic
      delays: () => !atRelease && this.#random.chance(0.2),
      refuse: () => this.#refusal(),
      closesAt: ({ payload }) => this.#isPoison(seqOf(payload)),
      onPublish: (packet) => this.#checkPublish(seqOf(packet.payload), packet.topic),
      onRelease: (packetId) => this.#checkRelease(packetId),
      onDelivery: ({ payload }) => this.#deliveries.push(seqOf(payload)),
    });
    this.#begin();
    this.#process = this.#start();
  }

  play(): void {
    for (let step = 0; step < STEPS; step += 1) this.#step();
    this.#heal();
    this.#judge();
  }

  /** The rows before the first one are delivered long ago. */
  #begin(): void {
    const state = {
      version: 1,
      epoch: 0,
      low: this.#end,
      mark: this.#end,
      received: new Uint32Array(),
      done: new Uint32Array(),
    };
    const snapshot = { mark: -1, state, low: this.#end, refused: [] };
    this.#store.apply({ name: NAME, added: [], snapshot, end: this.#end });
  }

  #start(): Process {
    const record = this.#record();
    const birth = restoreOutbox(this.#store.restore(NAME), record, this.#codec);
    if (record === undefined) this.#putRecord(beginCreating(undefined));
    const process: Process = {
      session: new Session(sessionOptions({ state: birth.session, maxInflight: 6 })),
      outbox: new MqttOutboxSender({
        name: NAME,
        birth,
        codec: this.#codec,
        publisher: () => process.session,
        limits: { maxBufferedMessages: 5, maxBufferedBytes: 1 << 20, offlineOverflow: 'pause' },
        retry: RetryStrategies.custom().maxAttempts(100).intervalMs(3).build(),
        owner: {
          meter: SILENT_METER,
          refused: (row, error) => deadLetterOf({ row, error, origin: 'test' }),
          downgraded() {},
          unverified() {},
          failed: (error) => assert.fail(error),
        },
      }),
      added: [],
      sealed: [],
    };
    process.outbox.begin(this.#now);
    return process;
  }

  #step(): void {
    const random = this.#random;
    const at = random.below(100);
    if (at < 18) this.#add();
    else if (at < 32) this.#seal();
    else if (at < 48) this.#commit();
    else if (at < 84) this.#move();
    else if (at < 92) {
      if (!this.#connected) this.#connect();
    } else if (at < 95) this.#cutAll();
    else if (at < 97) this.#crash();
    else this.#now += 5;
    if (this.#options.losses !== undefined && !this.#connected && random.chance(0.05)) this.#broker.lose();
    this.#pump();
  }

  #add(): void {
    if (this.#topics.size >= ROWS || this.#process.outbox.undone > 30) return;
    for (let count = 1 + this.#random.below(3); count > 0; count -= 1) {
      const seq = this.#end;
      const topic = `topic/${this.#random.below(3)}`;
      const qos = this.#random.pick(this.#options.qos ?? ([2] as const));
      const content = { topic, payload: Buffer.from(String(seq)), qos, retain: false, properties: undefined };
      this.#process.added.push({ seq, bytes: this.#codec.encode(content) });
      this.#topics.set(seq, topic);
      if (qos === 0) this.#unconfirmed.add(seq);
      else this.#unconfirmed.delete(seq);
      this.#end += 1;
    }
  }

  #seal(): void {
    if (this.#process.sealed.length >= 3) return;
    const snapshot = this.#process.outbox.snapshot(this.#end);
    this.#process.sealed.push({ name: NAME, added: this.#process.added, snapshot, end: this.#end });
    this.#process.added = [];
  }

  #commit(): void {
    const commit = this.#process.sealed.shift();
    if (commit === undefined) return;
    this.#apply(commit);
    this.#process.outbox.committed(commit.snapshot.mark);
  }

  #apply(commit: OutboxCommit): void {
    this.#store.apply(commit);
    for (const { seq } of commit.snapshot.refused) this.#letters.add(seq);
  }

  /** Offers what is durable and publishes what may go. */
  #pump(): void {
    const { outbox } = this.#process;
    const { rows, end } = this.#store.restore(NAME);
    const offered = [...rows(outbox.next, Math.min(end, outbox.next + 4))];
    if (offered.length > 0) outbox.offer(offered, this.#now, this.#now);
    outbox.queue.pump(this.#now, this.#now);
    this.#flush();
  }

  #connect(): void {
    this.#openControl();
    this.#broker.open();
    this.#connected = true;
    this.#process.session.connect(connectRequest({ keepAlive: 0 }), this.#now);
    this.#flush();
  }

  /** A second connection to the same broker: what cuts the one cuts it, too. */
  #openControl(): void {
    const { queue } = this.#process.outbox;
    if (!queue.wantsControl) return;
    queue.handleControl('opening', this.#now);
    queue.handleControl('accepted', this.#now);
  }

  /** The network, or the broker as a whole. */
  #cutAll(): void {
    const first = this.#random.chance(0.5);
    const { queue } = this.#process.outbox;
    if (first && queue.usesControl) queue.handleControl('lost', this.#now);
    this.#cut();
    if (!first && queue.usesControl) queue.handleControl('lost', this.#now);
  }

  #isPoison(seq: number): boolean {
    return this.#options.poison === true && seq % 13 === 5;
  }

  #cut(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#up = NOTHING;
    this.#down = NOTHING;
    this.#process.session.connectionLost(this.#now);
    this.#process.outbox.queue.handleDisconnected(new MillraceError('CONNECTION_LOST', 'cut'), this.#now);
  }

  /** Of the commits under way, some are durable and the others never were. */
  #crash(): void {
    const durable = this.#random.below(this.#process.sealed.length + 1);
    for (const commit of this.#process.sealed.slice(0, durable)) this.#apply(commit);
    this.#connected = false;
    this.#up = NOTHING;
    this.#down = NOTHING;
    this.#store = this.#store.reopen();
    const { end } = this.#store.restore(NAME);
    for (let seq = end; seq < this.#end; seq += 1) this.#topics.delete(seq);
    this.#end = end;
    this.#process = this.#start();
  }

  #move(): void {
    const random = this.#random;
    if (!this.#connected) return;
    if (random.chance(0.5)) {
      const count = random.chance(0.4) ? this.#up.length : random.below(this.#up.length + 1);
      const bytes = this.#up.subarray(0, count);
      this.#up = this.#up.subarray(count);
      this.#broker.receive(bytes);
      this.#down = Buffer.concat([this.#down, this.#broker.takeOutput()]);
      if (this.#broker.closed) this.#handleClosed();
    } else {
      const count = random.chance(0.4) ? this.#down.length : random.below(this.#down.length + 1);
      const bytes = this.#down.subarray(0, count);
      this.#down = this.#down.subarray(count);
      this.#process.session.receive(bytes, this.#now);
    }
    this.#flush();
  }

  /** By FIN what was sent before arrives; by RST it does not. */
  #handleClosed(): void {
    if (this.#random.chance(0.5)) this.#process.session.receive(this.#down, this.#now);
    this.#flush();
    this.#cut();
  }

  #flush(): void {
    const { session, outbox } = this.#process;
    for (let events = session.takeEvents(); events.length > 0; events = session.takeEvents()) {
      const connected = events.find((event) => event.type === 'connected');
      const lost = events.some((event) => event.type === 'session-lost');
      if (connected !== undefined && !this.#handleConnack(connected.epoch, lost)) return;
      for (const event of events) if (event.type === 'close') throw event.error;
      outbox.queue.handleEvents(events, this.#now);
    }
    if (!this.#connected) return;
    this.#up = Buffer.concat([this.#up, ...session.takeOutput()]);
    outbox.queue.handleWritten();
  }

  /** What the connection does, R5 above all. False when the process ended in the middle. */
  #handleConnack(epoch: number, lost: boolean): boolean {
    const { session, outbox } = this.#process;
    const record = this.#record();
    assert.ok(record !== undefined);
    if (record.phase === 'creating') {
      this.#putRecord({
        ...markGranted(record, { server: 's', version: 5, markers: undefined, subscriptions: [] }),
        epoch,
      });
      if (lost) session.startEpoch('redeliver');
    } else if (epoch > record.epoch) {
      const policy = this.#options.losses ?? assert.fail('the session is not lost');
      this.#doubt();
      this.#putRecord(beginEpoch(record, { epoch, policy, server: 's', version: 5 }));
      if (this.#random.chance(0.3) && !this.#healing) {
        this.#broker.prove();
        this.#crash();
        return false;
      }
      if (lost) outbox.queue.handleSessionLost(session.startEpoch(policy));
    } else if (lost) assert.fail('a session is lost without a new epoch');
    this.#broker.prove();
    outbox.handleConnected({ epoch, window: 4 });
    outbox.queue.handleConnected(5, this.#now);
    outbox.queue.pump(this.#now, this.#now);
    return true;
  }

  /** In doubt is what a durable sent mark says may have been sent, also one that is on its way into the store. */
  #doubt(): void {
    const { low, mark } = this.#state();
    const marks = this.#process.sealed.map(({ snapshot }) => readOutboxState(snapshot.state)?.mark ?? 0);
    for (const seq of this.#topics.keys()) if (seq >= low && seq < Math.max(mark, ...marks)) this.#doubted.add(seq);
  }

  #record(): SessionRecord | undefined {
    return this.#store.record(NAME).value as SessionRecord | undefined;
  }

  #putRecord(record: SessionRecord): void {
    void this.#store.record(NAME).put(record);
  }

  #state() {
    return readOutboxState(this.#store.restore(NAME).state) ?? assert.fail('there is a state from the start');
  }

  /** R7, R8, R8a: what leaves is durable, under its own id, and below a durable sent mark. */
  #checkPublish(seq: number, topic: string): void {
    const { end } = this.#store.restore(NAME);
    assert.ok(seq < end, `R7: row ${seq} is sent before its commit`);
    assert.equal(topic, this.#topics.get(seq));
    assert.ok(seq < this.#state().mark, `R8a: row ${seq} is sent above the durable sent mark`);
  }

  /** R9: the PUBREC is durable, or the row is done. */
  #checkRelease(packetId: number): void {
    const { low, received, done, epoch } = this.#state();
    if (epoch < (this.#record()?.epoch ?? 0)) assert.fail(`R9: PUBREL before a commit of its epoch`);
    for (const runs of [received, done]) {
      for (let at = 0; at < runs.length; at += 2) {
        for (let seq = low + (runs[at] ?? 0); seq < low + (runs[at + 1] ?? 0); seq += 1) {
          if (packetIdOf(seq) === packetId) return;
        }
      }
    }
    const undone = [...this.#topics.keys()].filter((seq) => seq >= low && packetIdOf(seq) === packetId);
    assert.deepEqual(undone, [], `R9: PUBREL ${packetId} before its PUBREC is durable`);
  }

  #refusal(): number {
    if (this.#options.refusals !== true) return 0;
    if (this.#random.chance(0.15)) return 0x97;
    return this.#random.chance(0.1) ? 0x87 : 0;
  }

  /** No more faults: everything that is stored goes out. */
  #heal(): void {
    this.#healing = true;
    for (let round = 0; round < 8000; round += 1) {
      if (!this.#connected) this.#connect();
      this.#seal();
      this.#commit();
      this.#move();
      this.#now += 5;
      this.#pump();
      const { low, end } = this.#store.restore(NAME);
      if (low === end && end === this.#end && this.#process.added.length === 0) return;
    }
    const { low, end } = this.#store.restore(NAME);
    assert.fail(`not live: ${low} of ${end} to ${this.#end}, in flight ${this.#process.session.inflight}`);
  }

  #judge(): void {
    const counts = new Map<number, number>();
    for (const seq of this.#deliveries) counts.set(seq, (counts.get(seq) ?? 0) + 1);
    const { losses, qos = [2] } = this.#options;
    for (const seq of this.#topics.keys()) {
      const count = counts.get(seq) ?? 0;
      if (this.#isPoison(seq)) {
        assert.deepEqual(
          [count, this.#letters.has(seq)],
          [0, true],
          `row ${seq}, which the broker closes at, is given up`,
        );
        continue;
      }
      if (this.#options.poison === true) assert.ok(!this.#letters.has(seq), `row ${seq} is innocent`);
      const given =
        this.#letters.has(seq) || this.#unconfirmed.has(seq) || (losses === 'drop' && this.#doubted.has(seq));
      assert.ok(count > 0 || given, `row ${seq} is lost`);
      const again = qos.some((one) => one < 2) || (losses === 'redeliver' && this.#doubted.has(seq));
      assert.ok(count <= 1 || again, `row ${seq} came ${count} times`);
    }
    if (this.#options.refusals !== true && losses === undefined && qos.length === 1) this.#judgeOrder();
    if (this.#options.poison !== true) assert.ok(this.#broker.idle, 'the broker waits for no PUBREL');
  }

  #judgeOrder(): void {
    const last = new Map<string, number>();
    for (const seq of new Set(this.#deliveries)) {
      const topic = this.#topics.get(seq) ?? '';
      assert.ok(seq > (last.get(topic) ?? -1), `row ${seq} came after ${last.get(topic)} of its topic`);
      last.set(topic, seq);
    }
  }
}

const seqOf = (payload: Uint8Array): number => Number(Buffer.from(payload).toString());
