import type { SourceSnapshot } from '../../../connector/source-reader.js';
import { Ring } from '../../../internal/ring.js';
import type { SessionState } from '../../protocol/session/session-state.js';
import type { Acknowledger, AckSession } from '../acknowledgement/acknowledger.js';
import { PendingAcks } from '../acknowledgement/pending-acks.js';
import type { SourceState } from './source-state.js';
import { toStoredMemory, toStoredPages } from './stored-memory.js';

/** What becomes allowed when a snapshot is durable. */
interface Outstanding {
  readonly mark: number;
  /** Their effect, and their ids, are in this snapshot or an earlier one (R1, R2). */
  readonly accept: readonly number[];
  /** Their ids are left out of this snapshot (R3). */
  readonly complete: readonly number[];
}

const NONE: readonly number[] = [];

/**
 * With a store. Invariants:
 * - R1: PUBACK and PUBREC only after the commit of the message's effect.
 * - R2: the id of a QoS 2 message is in the same commit, and in every later one until its PUBREL has come.
 * - R2b: what tells a message that comes again is in the commit that forgets its id.
 * - R3: PUBCOMP only after a commit without the id. A PUBREL that comes after a snapshot was taken waits for the next: that
 *   snapshot still has the id.
 * A mark counts snapshots, since one that covers nothing but a PUBREL has the position of the one before.
 */
export class DurableAcks implements Acknowledger {
  readonly owes = true;
  readonly #session: AckSession;
  readonly #client: string;
  readonly #pending = new PendingAcks();
  readonly #outstanding = new Ring<Outstanding>();
  /** PUBRELs that no snapshot has taken yet. */
  #released: number[] = [];
  #suspected = false;
  /** The highest token whose message some snapshot covers. QoS 2 messages are polled in the order of their tokens. */
  #through: number;
  #marks = 0;
  #waiting = 0;

  /** `restored`: what the session was born with. */
  constructor(session: AckSession, restored: Pick<SessionState, 'inbound'>, client: string) {
    this.#session = session;
    this.#client = client;
    this.#through = restored.inbound.at(-1)?.token ?? -1;
  }

  get count(): number {
    return this.#pending.count + this.#waiting;
  }

  get dirty(): boolean {
    return this.#released.length > 0 || this.#suspected;
  }

  taken(position: number, token: number): void {
    this.#pending.push(position, token);
  }

  released(token: number): void {
    this.#released.push(token);
  }

  suspected(): void {
    this.#suspected = true;
  }

  snapshot(upTo: number): SourceSnapshot {
    const accept = this.#takeUpTo(upTo);
    this.#outstanding.push({ mark: this.#marks, accept, complete: this.#released });
    this.#waiting += accept.length;
    this.#released = [];
    this.#suspected = false;
    // a lost session's ids count as of its epoch until the loss is settled, whatever the record says by then
    const inbound = this.#session.inboundIdRuns(this.#through);
    const memory = this.#session.changedInboundMemory();
    const state: SourceState = {
      epoch: this.#session.epoch,
      client: this.#client,
      inbound,
      memory: toStoredMemory(memory),
    };
    this.#marks += 1;
    return { mark: this.#marks - 1, state, pages: toStoredPages(memory.digests) };
  }

  committed(mark: number): number {
    let answers = 0;
    for (let one = this.#outstanding.peek(); one !== undefined && one.mark <= mark; one = this.#outstanding.peek()) {
      this.#outstanding.shift();
      this.#waiting -= one.accept.length;
      for (const token of one.accept) this.#session.accept(token);
      for (const token of one.complete) this.#session.complete(token);
      answers += one.accept.length + one.complete.length;
    }
    return answers;
  }

  #takeUpTo(upTo: number): readonly number[] {
    let token = this.#pending.takeUpTo(upTo);
    if (token === undefined) return NONE;
    const accept: number[] = [];
    for (; token !== undefined; token = this.#pending.takeUpTo(upTo)) {
      accept.push(token);
      if (token > this.#through) this.#through = token;
    }
    return accept;
  }
}
