import assert from 'node:assert/strict';
import { decodeEdgeMessage } from '../../../../src/cluster/exchange/edge/edge-message.js';
import { endRow } from '../../../../src/cluster/exchange/edge/row-kind.js';
import { ExchangeOutbox } from '../../../../src/cluster/exchange/exchange-outbox.js';
import { isCount } from '../../../../src/internal/is-count.js';
import { ExchangeLife, type Sealed } from './exchange-life.js';
import type { PartitionState, SentOutbox, SentState } from './partition-state.js';
import type { Surroundings } from './surroundings.js';

/** Of four rows in about. */
const WINDOW_BYTES = 600;
/** So that the longer rows go in pieces; not the same for each process. */
const MESSAGE_BYTES = [60, 64, 90];
const MOST_ROWS = 12;

interface Outbox {
  readonly sender: ExchangeOutbox;
  /** Not in a commit yet. */
  added: Buffer[];
  /** All that are stored. */
  rows: readonly Buffer[];
}

/** One that makes rows, stores them, and sends what is stored. */
export class SenderLife extends ExchangeLife<SentState> {
  readonly kind = 'sender';
  readonly #outboxes: readonly Outbox[];
  readonly #messageBytes: number;
  #timerAt = Number.POSITIVE_INFINITY;

  static open(world: Surroundings, partition: number): SenderLife {
    const log = world.sent[partition];
    assert.ok(log);
    return new SenderLife(world, partition, log);
  }

  private constructor(world: Surroundings, partition: number, log: PartitionState<SentState>) {
    super(world, partition, log);
    this.#messageBytes = world.random.pick(MESSAGE_BYTES);
    this.#outboxes = Array.from({ length: world.settings.receivers }, (_, to) => {
      const { rows, low, state } = log.now.outboxes[to] ?? EMPTY;
      const { outbox, ended } = Object(state);
      if (ended === world.generation) world.tally.endedBefore += 1;
      const sender = new ExchangeOutbox({
        to,
        from: partition,
        outbox: isCount(outbox) ? outbox : 1 + world.random.below(2 ** 31),
        low,
        end: rows.length,
        ended: isCount(ended) ? ended : 0,
        windowBytes: WINDOW_BYTES,
      });
      return { sender, added: [], rows };
    });
  }

  protected opened(): void {
    this.work();
  }

  hear(bytes: Uint8Array): void {
    const message = decodeEdgeMessage(bytes);
    if (message.type !== 'status') return;
    this.#outboxes[message.to]?.sender.handleStatus(message, this.world.time.now);
    this.#send();
  }

  protected work(): void {
    const { random, isCalm, generation, ended } = this.world;
    const { partition } = this;
    if (this.isOwner && (isCalm || random.chance(0.03))) ended[partition] = generation;
    for (const outbox of this.#outboxes) {
      if (ended[partition] === generation) this.#end(outbox);
      else if (random.chance(0.3)) this.#make(outbox);
      while (outbox.sender.next < outbox.rows.length) {
        const { next } = outbox.sender;
        const offered = outbox.rows.slice(next, next + 5).map((bytes, index) => ({ seq: next + index, bytes }));
        if (outbox.sender.offer(offered) < offered.length) break;
      }
    }
    this.#send();
  }

  protected seal(): Sealed<SentState> | undefined {
    const wanted = this.#outboxes.map(({ sender, added }) => added.length > 0 || sender.urgency !== 'none');
    if (!wanted.includes(true)) return undefined;
    const sealed = this.#outboxes.map((outbox, to) => {
      if (wanted[to] !== true) return undefined;
      const rows = outbox.rows.concat(outbox.added);
      outbox.added = [];
      if (outbox.sender.urgency === 'now') this.world.tally.suspicions += 1;
      return { rows, ...outbox.sender.snapshot(rows.length) };
    });
    return {
      next: ({ outboxes }) => ({
        outboxes: sealed.map((one, to) => this.#checked(to, one ?? outboxes[to] ?? EMPTY)),
      }),
      committed: () => {
        for (const [to, outbox] of this.#outboxes.entries()) {
          const one = sealed[to];
          if (one === undefined) continue;
          outbox.rows = one.rows;
          outbox.sender.committed(one.mark);
        }
      },
    };
  }

  /** Nothing leaves an outbox before a commit of the receiver has it. */
  #checked(to: number, outbox: SentOutbox): SentOutbox {
    const committed = this.world.received[to]?.now.rows[this.partition]?.length ?? 0;
    assert.ok(outbox.low <= committed, `${this.partition} dropped rows below ${outbox.low}, ${to} has ${committed}`);
    return outbox;
  }

  /** As the engine does it: asked again and again, behind all rows. */
  #end({ sender, added }: Outbox): void {
    const { generation } = this.world;
    if (sender.wantsEnd(generation)) added.push(Buffer.from(endRow(generation)));
  }

  /** Other bytes in each life: a row that was never stored may not arrive. */
  #make({ added, rows }: Outbox): void {
    const { random } = this.world;
    if (rows.length + added.length >= MOST_ROWS * this.world.generation) return;
    const count = 1 + random.below(3);
    for (let row = 0; row < count; row += 1)
      added.push(Buffer.from(`${random.below(1e9)}`.padEnd(random.chance(0.2) ? 80 : 10, '.')));
  }

  #send(): void {
    const { time } = this.world;
    let deadline = Number.POSITIVE_INFINITY;
    for (const [to, { sender }] of this.#outboxes.entries()) {
      for (const bytes of sender.take(time.now, this.#messageBytes)) {
        assert.ok(bytes.byteLength <= this.#messageBytes);
        this.world.publish('rows', to, bytes);
      }
      deadline = Math.min(deadline, sender.deadline());
    }
    if (deadline >= this.#timerAt || deadline === Number.POSITIVE_INFINITY) return;
    this.#timerAt = deadline;
    time.after(Math.max(0, deadline - time.now), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.deliver(() => this.#send());
    });
  }
}

const EMPTY: SentOutbox = { rows: [], low: 0, state: undefined };
