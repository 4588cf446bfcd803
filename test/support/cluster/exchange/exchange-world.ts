import assert from 'node:assert/strict';
import { decodeEdgeMessage } from '../../../../src/cluster/exchange/edge/edge-message.js';
import { endOf } from '../../../../src/cluster/exchange/edge/row-kind.js';
import { SeededRandom } from '../../seeded-random.js';
import { PartitionState, type ReceivedState, type SentState } from './partition-state.js';
import { END, ReceiverLife } from './receiver-life.js';
import { SenderLife } from './sender-life.js';
import type { AnyLife, ExchangeSettings, ExchangeTally, Surroundings } from './surroundings.js';
import { VirtualTime } from './virtual-time.js';

/** Of the time in which things go wrong, in milliseconds. */
const BAD_MS = 800;
/** Within so many all must have arrived when nothing goes wrong any more. */
const CALM_MS = 4_000;
/** A job is begun again, with more. */
const GENERATIONS = 2;
/** Far more than any generation has: what goes beyond it feeds itself. */
const MOST_EVENTS = 30_000;

/** Partitions that send to partitions, over a network and logs that are not there. */
export class ExchangeWorld implements Surroundings {
  readonly settings: ExchangeSettings;
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly tally: ExchangeTally;
  readonly sent: readonly PartitionState<SentState>[];
  readonly received: readonly PartitionState<ReceivedState>[];
  /** Faults that cost a window at most each. */
  faults = 0;
  isCalm = false;
  generation = 1;
  readonly ended: number[];
  readonly #lives = new Set<AnyLife>();

  constructor(settings: ExchangeSettings, tally: ExchangeTally) {
    this.settings = settings;
    this.tally = tally;
    this.random = new SeededRandom(settings.seed);
    const { senders, receivers } = settings;
    this.ended = Array.from({ length: senders }, () => 0);
    this.sent = Array.from({ length: senders }, () => new PartitionState<SentState>({ outboxes: [] }));
    this.received = Array.from(
      { length: receivers },
      () => new PartitionState<ReceivedState>({ state: undefined, rows: Array.from({ length: senders }, () => []) }),
    );
  }

  /** @throws AssertionError where C5, order or liveness is broken, or rows are sent again and again */
  play(): void {
    for (this.generation = 1; this.generation <= GENERATIONS; this.generation += 1) {
      this.#playGeneration();
      for (const life of this.#lives) life.end();
    }
  }

  /** All is opened, and goes on until all sources have ended. */
  #playGeneration(): void {
    const begun = this.time.now;
    this.isCalm = false;
    for (let partition = 0; partition < this.settings.senders; partition += 1) this.open('sender', partition);
    for (let partition = 0; partition < this.settings.receivers; partition += 1) this.open('receiver', partition);
    this.time.pass(begun + BAD_MS);
    this.isCalm = true;
    for (const life of this.#lives) life.resume();
    const isOver = (): boolean => this.time.played > MOST_EVENTS * this.generation || this.#isOver();
    this.time.pass(begun + BAD_MS + CALM_MS, isOver);
    assert.ok(this.time.played <= MOST_EVENTS * this.generation, 'messages that lead to messages without end');
    this.#checkEnd();
  }

  /** A life of a partition begins; the one before goes on as a zombie, stands still for a while, or ends. */
  open(kind: 'sender' | 'receiver', partition: number): void {
    const life = kind === 'sender' ? SenderLife.open(this, partition) : ReceiverLife.open(this, partition);
    this.#lives.add(life);
    life.begin();
  }

  takeOver(life: AnyLife): void {
    this.faults += 1;
    const fate = this.random.next();
    if (fate >= this.settings.zombies) life.end();
    else if (fate < this.settings.zombies / 2) life.standStill(this.random.below(1_500));
    this.open(life.kind, life.partition);
  }

  forget(life: AnyLife): void {
    this.#lives.delete(life);
  }

  publish(kind: 'rows' | 'status', partition: number, bytes: Uint8Array): void {
    const message = decodeEdgeMessage(bytes);
    if (message.type === 'rows') this.tally.rowsSent += message.rows.length;
    if (message.type === 'piece') this.tally.pieces += 1;
    if (message.type === 'status' && message.again) this.tally.asked += 1;
    const copies = this.#copies();
    const to = kind === 'rows' ? 'receiver' : 'sender';
    for (let copy = 0; copy < copies; copy += 1) {
      this.time.after(this.#delayMs(), () => {
        for (const life of this.#lives)
          if (life.kind === to && life.partition === partition) life.deliver(() => life.hear(bytes));
      });
    }
  }

  #copies(): number {
    if (this.isCalm || !this.random.chance(this.settings.lossy)) return 1;
    this.faults += 1;
    if (this.random.chance(0.7)) {
      this.tally.lost += 1;
      return 0;
    }
    this.tally.doubled += 1;
    return 2;
  }

  /** In order but for the late ones. */
  #delayMs(): number {
    if (this.isCalm || !this.random.chance(this.settings.lossy / 3)) return 2;
    this.tally.late += 1;
    this.faults += 1;
    return 2 + this.random.below(400);
  }

  #isOver(): boolean {
    const { receivers } = this.settings;
    return (
      this.#haveEnded() &&
      this.sent.every(
        ({ now: { outboxes } }, from) =>
          outboxes.length === receivers &&
          outboxes.every(({ rows, low }, to) => low === rows.length && this.#rowsOf(from, to).length === rows.length),
      )
    );
  }

  /** Each receiver knows it of each sender. */
  #haveEnded(): boolean {
    return this.received.every(({ now }) => now.state?.senders.every(({ ended }) => ended === this.generation));
  }

  #rowsOf(from: number, to: number): readonly string[] {
    return this.received[to]?.now.rows[from] ?? [];
  }

  #checkEnd(): void {
    assert.ok(this.#haveEnded(), `not all is known to have ended, ${CALM_MS} ms after all is well`);
    for (const [from, { now }] of this.sent.entries()) {
      for (const [to, { rows, low }] of now.outboxes.entries()) {
        const wanted = rows.map((row) => (endOf(row) === undefined ? row.toString() : END));
        this.tally.rowsCommitted += rows.length;
        assert.deepEqual(this.#rowsOf(from, to), wanted, `rows of ${from} at ${to}, ${CALM_MS} ms after all is well`);
        assert.equal(low, rows.length, `what ${to} has is out of the outbox of ${from}`);
        const ends = rows.flatMap((row) => endOf(row) ?? []);
        const generations = Array.from({ length: this.generation }, (_, index) => index + 1);
        assert.deepEqual(ends, generations, `ends of ${from} for ${to}: one in each generation`);
      }
    }
  }
}
