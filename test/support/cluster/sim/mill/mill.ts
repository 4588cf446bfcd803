import type { Packet, PublishPacket } from '../../../../../src/mqtt/protocol/packet.js';
import type { Store, StoreBatch } from '../../../../../src/store/store.js';
import type { SimSocket } from '../../../sim/sim-socket.js';
import { MillLink } from './mill-link.js';

/** In which a mill breaks a rule, to see that it is noticed. */
export type MillFlaw = 'none' | 'speaks-unproven' | 'acknowledges-early' | 'sends-early';

/** What one opening of a partition works with. */
export interface MillParts {
  readonly partition: number;
  readonly store: Store;
  readonly connect: (side: 'source' | 'sink') => SimSocket;
  readonly failed: (error: unknown) => void;
  readonly someMs: () => number;
  readonly flaw: MillFlaw;
}

export const COUNT_KEY = 'count';

const TEXT = new TextEncoder();
const textOf = (value: Uint8Array | undefined): string => (value === undefined ? '' : Buffer.from(value).toString());
const ROWS = ['row/', 'row0'] as const;
const DIGITS = 9;
const rowKey = (seq: number): string => `row/${String(seq).padStart(DIGITS, '0')}`;
const RECEIVED = 'received';
const PACKET_IDS = 60_000;

/**
 * The least that an engine does with a partition: it counts the messages of a session and sends each on with its count, by the durability
 * rules (R1 to R3, R7 to R12), over a real store. It stands for the engine where there is no time for that.
 */
export class Mill {
  readonly #parts: MillParts;
  readonly #source: MillLink;
  readonly #sink: MillLink;
  /** Of the messages of a partition, which are of one key. */
  readonly #key: string;
  readonly #countKey: string;
  #count: number;
  /** Packet ids whose messages are durable and not finished (R2). */
  readonly #taken: Set<number>;
  /** Their commits are under way (R2a). */
  readonly #coming = new Set<number>();
  readonly #leaving = new Map<number, Promise<void>>();
  /** Of the present connection, in the order of receipt (R14). */
  #acks: { readonly id: number; ready: boolean }[] = [];
  /** Up to which row the present connection of the sink has been given. */
  #given = 0;
  readonly #commits = new Set<Promise<void>>();
  #over = false;

  constructor(parts: MillParts) {
    const { store, partition, failed, someMs } = parts;
    this.#parts = parts;
    this.#key = `${partition}/0`;
    this.#countKey = `${COUNT_KEY}/${this.#key}`;
    this.#count = Number(textOf(store.get(this.#countKey)));
    this.#taken = new Set([...store.range('taken/', 'taken0')].map(({ key }) => Number(key.slice('taken/'.length))));
    const common = { prove: () => this.#prove(), failed, someMs };
    this.#source = new MillLink({
      ...common,
      clientId: `reader-${partition}`,
      connect: () => parts.connect('source'),
      opened: () => {
        this.#acks = [];
      },
      received: (packet) => this.#fromSource(packet),
    });
    this.#sink = new MillLink({
      ...common,
      clientId: `writer-${partition}`,
      connect: () => parts.connect('sink'),
      opened: () => this.#sendAgain(),
      received: (packet) => this.#fromSink(packet),
    });
  }

  /** Ends at once: nothing is written or sent any more. */
  stop(): void {
    this.#over = true;
    this.#source.close();
    this.#sink.close();
  }

  /** Ends in order. */
  async drain(): Promise<void> {
    this.#source.close();
    await Promise.allSettled(this.#commits);
    this.stop();
  }

  async #prove(): Promise<void> {
    if (this.#parts.flaw !== 'speaks-unproven') await this.#parts.store.renew?.();
  }

  /** Resolves when it is durable; never when that is not known. */
  #commit(batch: StoreBatch): Promise<void> {
    if (this.#over) return new Promise(() => {});
    const commit = this.#parts.store.commit(batch);
    this.#commits.add(commit);
    const done = commit.finally(() => this.#commits.delete(commit));
    return new Promise((resolve) => {
      done.then(
        () => (this.#over ? undefined : resolve()),
        (error: unknown) => this.#parts.failed(error),
      );
    });
  }

  #fromSource(packet: Packet): void {
    if (packet.type === 'publish') this.#take(packet);
    else if (packet.type === 'pubrel') void this.#finish(packet.packetId);
  }

  #take({ packetId, payload }: PublishPacket): void {
    const known = this.#taken.has(packetId);
    this.#acks.push({ id: packetId, ready: known || this.#parts.flaw === 'acknowledges-early' });
    this.#acknowledge();
    if (known || this.#coming.has(packetId)) return;
    this.#coming.add(packetId);
    this.#count += 1;
    const seq = this.#count;
    const row = `${textOf(payload)} ${seq}`;
    const batch = new Map([
      [`taken/${packetId}`, TEXT.encode('')],
      [this.#countKey, TEXT.encode(String(seq))],
      [rowKey(seq), TEXT.encode(row)],
    ]);
    if (this.#parts.flaw === 'sends-early') this.#send(seq, row);
    void this.#commit(batch).then(() => {
      this.#coming.delete(packetId);
      this.#taken.add(packetId);
      for (const ack of this.#acks) if (ack.id === packetId) ack.ready = true;
      this.#acknowledge();
      this.#send(seq, row);
    });
  }

  #acknowledge(): void {
    while (this.#acks[0]?.ready === true) {
      const packetId = this.#acks.shift()?.id ?? 0;
      this.#source.send({ type: 'pubrec', packetId, reasonCode: 0 });
    }
  }

  /** R3: forgotten before PUBCOMP, which goes out where PUBREL came (R14a). */
  async #finish(packetId: number): Promise<void> {
    const { connection } = this.#source;
    if (this.#taken.has(packetId)) {
      const leaving = this.#leaving.get(packetId) ?? this.#commit(new Map([[`taken/${packetId}`, undefined]]));
      this.#leaving.set(packetId, leaving);
      await leaving;
      this.#leaving.delete(packetId);
      this.#taken.delete(packetId);
    }
    this.#source.send({ type: 'pubcomp', packetId, reasonCode: 0 }, connection);
  }

  #send(seq: number, row: string, dup = false): void {
    if (this.#sink.connection === undefined || seq <= this.#given) return;
    this.#given = seq;
    const topic = `out/${this.#key}`;
    const packetId = idOf(seq);
    this.#sink.send({ type: 'publish', topic, payload: TEXT.encode(row), qos: 2, retain: false, dup, packetId });
  }

  /** R12, by what the store has: each row that is not finished, in order. */
  #sendAgain(): void {
    this.#given = 0;
    for (const { key, value } of this.#parts.store.range(...ROWS)) {
      const seq = Number(key.slice(ROWS[0].length));
      if (textOf(value) === RECEIVED) this.#sink.send({ type: 'pubrel', packetId: idOf(seq), reasonCode: 0 });
      else this.#send(seq, textOf(value), true);
      this.#given = seq;
    }
  }

  #fromSink(packet: Packet): void {
    if (packet.type !== 'pubrec' && packet.type !== 'pubcomp') return;
    const { packetId } = packet;
    const key = rowKey(this.#seqOf(packetId));
    const { connection } = this.#sink;
    if (packet.type === 'pubcomp') void this.#commit(new Map([[key, undefined]]));
    else {
      // R9
      void this.#commit(new Map([[key, TEXT.encode(RECEIVED)]])).then(() =>
        this.#sink.send({ type: 'pubrel', packetId, reasonCode: 0 }, connection),
      );
    }
  }

  /** The last row that has this id: fewer are under way than there are ids. */
  #seqOf(packetId: number): number {
    const behind = (idOf(this.#count) - packetId + PACKET_IDS) % PACKET_IDS;
    return this.#count - behind;
  }
}

/** R8. */
const idOf = (seq: number): number => 1 + (seq % PACKET_IDS);
