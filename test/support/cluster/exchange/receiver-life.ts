import assert from 'node:assert/strict';
import { decodeEdgeMessage, encodeEdgeMessage } from '../../../../src/cluster/exchange/edge/edge-message.js';
import { type Answer, EdgeReceiver } from '../../../../src/cluster/exchange/edge/edge-receiver.js';
import { endOf } from '../../../../src/cluster/exchange/edge/row-kind.js';
import { ExchangeLife, type Sealed } from './exchange-life.js';
import type { PartitionState, ReceivedState } from './partition-state.js';
import type { Surroundings } from './surroundings.js';

/** Undefined: an end. */
interface Processed {
  readonly position: number;
  readonly row: string | undefined;
}

/** In the place of an end among what was processed. */
export const END = 'end';

/** Twice the window of a sender, as it is in earnest; of the small one only a few rows fit. */
const BUFFERED_BYTES = [1_200, 300];

/** One that takes rows, and stores in one commit what they led to and how far it is. */
export class ReceiverLife extends ExchangeLife<ReceivedState> {
  readonly kind = 'receiver';
  readonly #receiver: EdgeReceiver;
  /** Processed and not sealed, with their positions. */
  #processed: Processed[] = [];
  #upTo = -1;

  static open(world: Surroundings, partition: number): ReceiverLife {
    const log = world.received[partition];
    assert.ok(log);
    return new ReceiverLife(world, partition, log);
  }

  private constructor(world: Surroundings, partition: number, log: PartitionState<ReceivedState>) {
    super(world, partition, log);
    const { senders = [] } = log.now.state ?? {};
    if (senders.some(({ ended }) => ended === world.generation)) world.tally.endedBefore += 1;
    this.#receiver = new EdgeReceiver({
      to: partition,
      partitions: world.settings.senders,
      reader: 1 + world.random.below(2 ** 31),
      restored: log.now.state,
      maxBufferedBytes: world.random.pick(BUFFERED_BYTES),
    });
  }

  protected opened(): void {
    this.#tell(this.#receiver.greet());
    this.#checkEnd();
  }

  hear(bytes: Uint8Array): void {
    const message = decodeEdgeMessage(bytes);
    if (message.type === 'status') return;
    const answer = this.#receiver.receive(message);
    if (answer !== undefined) this.#tell([answer]);
  }

  protected work(): void {
    const { random } = this.world;
    if (!random.chance(0.7)) return;
    const { rows, first, last } = this.#receiver.poll(1 + random.below(6));
    assert.ok(rows.length > 0 ? last - first + 1 === rows.length : last <= first, 'only an end is no item');
    for (const [index, row] of rows.entries())
      this.#processed.push({ position: first + index, row: Buffer.from(row).toString() });
    if (rows.length === 0 && last === first) this.#processed.push({ position: first, row: undefined });
  }

  /** Of what was polled the front, as the engine does where a commit ends amid a poll. */
  protected seal(): Sealed<ReceivedState> | undefined {
    const { random, tally } = this.world;
    const { isSuspicious } = this.#receiver;
    if (isSuspicious) tally.suspicions += 1;
    if (this.#processed.length === 0 && !isSuspicious) return undefined;
    const count = random.chance(0.5) ? this.#processed.length : random.below(this.#processed.length + 1);
    const covered = this.#processed.splice(0, count);
    this.#upTo = covered.at(-1)?.position ?? this.#upTo;
    const { mark, state } = this.#receiver.snapshot(this.#upTo);
    return {
      next: ({ rows }) => this.#checked({ state, rows: this.#appended({ state, rows }, covered) }, rows),
      committed: () => {
        this.#tell(this.#receiver.committed(mark));
        this.#checkEnd();
      },
    };
  }

  /** Which sender a row is of is known by what the senders have stored. */
  #appended({ state, rows }: ReceivedState, covered: readonly Processed[]): readonly (readonly string[])[] {
    const now = rows.map((of) => [...of]);
    for (const { row } of covered) {
      const from = this.world.sent.findIndex(({ now: { outboxes } }, sender) => {
        const has = now[sender]?.length ?? 0;
        const next = outboxes[this.partition]?.rows[has];
        if (next === undefined) return false;
        // ends of several senders are alike
        const isEnd = endOf(next) !== undefined;
        return row === undefined
          ? isEnd && has < (state?.senders[sender]?.next ?? 0)
          : !isEnd && next.toString() === row;
      });
      assert.ok(from >= 0, `${row ?? 'an end'} came to ${this.partition}, and is the next row of no sender`);
      now[from]?.push(row ?? END);
    }
    return now;
  }

  /** Who says that all have ended has all that they ever stored in this generation. */
  #checkEnd(): void {
    const { sent, received, generation, ended } = this.world;
    if (!this.#receiver.hasEnded(generation)) return;
    for (const [from, { now }] of sent.entries()) {
      assert.equal(ended[from], generation, `${this.partition} says that ${from} has ended`);
      const stored = now.outboxes[this.partition]?.rows.length ?? 0;
      const has = received[this.partition]?.now.rows[from]?.length ?? 0;
      assert.equal(has, stored, `${this.partition} says that ${from} has ended, and has not all of it`);
    }
  }

  /** C5: exactly a prefix of each sender's rows, each once, and that is what the state says. */
  #checked(next: ReceivedState, before: ReceivedState['rows']): ReceivedState {
    for (const [from, rows] of next.rows.entries()) {
      assert.equal(next.state?.senders[from]?.next, rows.length, `C5: what ${this.partition} says of ${from}`);
      assert.ok(rows.length >= (before[from]?.length ?? 0));
    }
    return next;
  }

  #tell(answers: readonly Answer[]): void {
    for (const { to, status } of answers) this.world.publish('status', to, encodeEdgeMessage(status));
  }
}
