import { MillraceError } from '../../errors/index.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { Beat } from '../claims/change.js';
import type { ClaimsAction } from '../claims/claims-action.js';
import { ClaimsMachine } from '../claims/claims-machine.js';
import type { PartitionSignal, PartitionState } from '../claims/partition-life.js';
import type { SeenDesired } from '../manifest/desired-state.js';
import type { Members, MembersEvent } from '../members/members.js';

/** What a node is to a job. */
export interface NodeOptions {
  readonly node: string;
  readonly partitions: number;
  readonly standbys: number;
  readonly leaseMs: number;
}

/** What a node's beats say of its partitions, and of those that it follows, as far as the claims do not know it. */
export type Said = Pick<Beat, 'ended' | 'warm' | 'behind'>;

/** Who carries out what the claims ask for. */
export interface ClaimsHandler {
  /** All but `claim`, `release` and `forget`, which concern nobody else. */
  act(action: Exclude<ClaimsAction, { type: 'claim' | 'release' | 'forget' }>): void;
  said(): Said;
  /** What the job is to do. */
  desired(seen: SeenDesired): void;
  /** The servers were not reached; once for each outage. */
  unreachable(error: MillraceError): void;
  /** The claims cannot be seen, or written, any more. */
  failed(error: MillraceError): void;
}

/** Between two looks at what others have, in milliseconds. */
const LOOK_MS = 20;
/** Of a node that has just joined. */
const NOTHING = { running: [], restarting: [], ended: [], unfit: [], warm: [], behind: [] };

/** So many beats are sent in a lease. */
const BEATS_PER_LEASE = 3;

/** The claims of a node with the world around them: its beats, what it sees of others, and its timers. */
export class ClaimsDriver {
  readonly #members: Members;
  readonly #options: NodeOptions;
  readonly #handler: ClaimsHandler;
  readonly #machine: ClaimsMachine;
  readonly #run: number;
  #count = 0;
  #leaving = false;
  #reachable = true;
  #closed = false;
  #beats: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopWatching: (() => void) | undefined;
  /** Puts ticks that are asked for while one is under way behind it. */
  #ticking = false;
  #again = false;

  private constructor(members: Members, options: NodeOptions, handler: ClaimsHandler, run: number) {
    const { node, partitions, standbys, leaseMs } = options;
    this.#members = members;
    this.#options = options;
    this.#handler = handler;
    this.#run = run;
    this.#machine = new ClaimsMachine({ self: { node, run }, partitions, standbys, leaseMs });
  }

  /** Becomes a member, whose manifest is settled. @throws MillraceError INVALID_OPTIONS for a node id, and those of the bucket */
  static async join(members: Members, options: NodeOptions, handler: ClaimsHandler): Promise<ClaimsDriver> {
    const { node, leaseMs } = options;
    const run = await members.join({ node, leaseMs, accepts: true, ...NOTHING });
    return new ClaimsDriver(members, options, handler, run);
  }

  /** Begins to look and to act. */
  start(): void {
    this.#stopWatching = this.#members.watch((event) => this.#handle(event));
    this.#beats = setInterval(() => void this.#beat(), this.#options.leaseMs / BEATS_PER_LEASE);
    void this.#beat();
  }

  /** What became of a partition. */
  pass(partition: number, signal: Exclude<PartitionSignal, 'claim'>): void {
    this.#machine.pass(partition, signal);
    // others wait for it, or may take over sooner
    if (signal === 'run' || signal === 'fail' || signal === 'release') void this.#beat();
    this.tick();
  }

  /** This node could not open the partition, for reasons of its own. @returns for how long others come before it, in milliseconds */
  failed(partition: number): number {
    const forMs = this.#machine.failed(partition);
    void this.#beat();
    return forMs;
  }

  /** What beats say has changed, and others wait for it. */
  say(): void {
    void this.#beat();
  }

  /** A run of the partition went well here. */
  proved(partition: number): void {
    this.#machine.proved(partition);
  }

  /** From now on all is given back, and nothing is claimed; until `stay`. */
  leave(): void {
    this.#leaving = true;
    this.#machine.leave();
    void this.#beat();
    this.tick();
  }

  /** It takes part again. */
  stay(): void {
    this.#leaving = false;
    this.#machine.stay();
    void this.#beat();
    this.tick();
  }

  /** All was given back. */
  get hasLeft(): boolean {
    return this.#machine.hasLeft;
  }

  /** Nobody has anything of the job, as it is seen from here. */
  get isIdleEverywhere(): boolean {
    return this.#machine.isIdleEverywhere;
  }

  /** When nobody has anything of it: all that was in flight was delivered, or stored, before. */
  get hasDelivered(): boolean {
    return this.#machine.hasDelivered;
  }

  /** The sources of each partition have ended, as it is seen from here. */
  get hasEnded(): boolean {
    return this.#machine.hasEnded;
  }

  /** Where each partition runs, as it is seen from here; undefined: nowhere. */
  get runningAt(): readonly (string | undefined)[] {
    return this.#machine.runningAt;
  }

  /** Where a partition stands at this node. */
  stateOf(partition: number): PartitionState {
    return this.#machine.stateOf(partition);
  }

  /** Decides now. */
  tick(): void {
    this.#again = true;
    if (this.#ticking || this.#closed) return;
    this.#ticking = true;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        for (const action of this.#machine.decide(performance.now())) this.#act(action);
      }
    } catch (error) {
      this.#handler.failed(MillraceError.from(error));
    } finally {
      this.#ticking = false;
    }
    this.#setTimer();
  }

  /** Behind `leave`: resolves when nobody has anything of the job, at the latest when whoever says nothing any more would be gone. */
  async othersGone(): Promise<void> {
    const end = performance.now() + 2 * this.#options.leaseMs;
    while (!this.isIdleEverywhere && !this.#closed && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  /** Nothing is claimed, told or said of itself any more; until `close`, or the end of the lease, it is still a member. */
  stop(): void {
    this.#closed = true;
    clearInterval(this.#beats);
    clearTimeout(this.#timer);
    this.#stopWatching?.();
  }

  /** Is a member no more. */
  async close(): Promise<void> {
    this.stop();
    const { node, leaseMs } = this.#options;
    const left = new AbortController();
    const leaving = this.#members.leave(node).catch(() => {});
    void leaving.then(() => left.abort());
    // servers that do not answer keep nobody from ending: that it beats no more says the same
    await Promise.race([leaving, abortableWait(leaseMs, left.signal)]);
    await this.#members.close();
  }

  #handle(event: MembersEvent): void {
    if (this.#closed) return;
    if (event.type === 'failed') this.#handler.failed(event.error);
    else if (event.type === 'desired') this.#handler.desired(event);
    else this.#machine.handle(event);
    this.tick();
  }

  async #beat(): Promise<void> {
    if (this.#closed) return;
    const { node, leaseMs } = this.#options;
    this.#count += 1;
    const count = this.#count;
    const { own } = this.#machine;
    this.#machine.beatSent(count, performance.now());
    try {
      const accepts = !this.#leaving;
      const said = this.#handler.said();
      await this.#members.beat({ node, run: this.#run, count, leaseMs, accepts, ...own, ...said });
      this.#reachable = true;
      this.#machine.beatTaken(count);
    } catch (error) {
      this.#missed(MillraceError.from(error));
    }
    this.tick();
  }

  #missed(error: MillraceError): void {
    if (this.#closed) return;
    if (!error.retryable) this.#handler.failed(error);
    else if (this.#reachable) this.#handler.unreachable(error);
    this.#reachable = false;
  }

  #act(action: ClaimsAction): void {
    if (action.type === 'claim') void this.#claim(action.partition, action.revision);
    else if (action.type === 'release') void this.#release(action);
    else if (action.type === 'forget') void this.#members.forget(action.node).catch(() => {});
    else this.#handler.act(action);
  }

  async #claim(partition: number, revision: number): Promise<void> {
    const { node } = this.#options;
    await this.#ask(partition, () => this.#members.claim(partition, revision, { node, run: this.#run }));
  }

  async #release({ claim, early }: Extract<ClaimsAction, { type: 'release' }>): Promise<void> {
    await this.#ask(claim.partition, () => this.#members.release(claim, early));
  }

  async #ask(partition: number, ask: () => ReturnType<Members['claim']>): Promise<void> {
    try {
      this.#machine.settle(partition, (await ask()) ?? 'refused');
    } catch (error) {
      this.#machine.settle(partition, 'unknown');
      this.#missed(MillraceError.from(error));
    }
    this.tick();
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const deadline = this.#machine.deadline();
    if (deadline === undefined || this.#closed) return;
    this.#timer = setTimeout(() => this.tick(), Math.max(1, deadline - performance.now()));
  }
}
