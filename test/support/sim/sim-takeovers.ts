import type { MillraceError } from '../../../src/errors/index.js';
import type { SimProcess } from './sim-job.js';
import type { SimLife } from './sim-life.js';
import type { SimLink } from './sim-link.js';
import type { SimFault } from './sim-plan.js';
import type { SimWorld } from './sim-world.js';

export type Takeover = Extract<SimFault, { readonly kind: 'takeover' }>;

/** What takeovers need of their history. */
export interface TakeoverParts {
  readonly world: SimWorld;
  /** Of the broker of that side. */
  readonly portOf: (side: Takeover['side']) => number;
  /** Messages come, so that something is under way. */
  readonly provoke: () => void;
  /** Starts the next process. */
  readonly start: () => void;
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Functions throw now and then: also in who was taken over and does not know it. */
  readonly flaky: boolean;
}

/** How long, in milliseconds, what was provoked may be under way when a takeover begins. */
const UNDER_WAY_MS = 40;
/** It connects again within that. */
const RECONNECT_MS = 1000;
/** A CONNECT that has not come by then does not come. */
const GIVE_UP_MS = 2000;

/**
 * Takes one process at a time over: its connection breaks, its next CONNECT is held, and when that is on its way another process begins
 * (C3). Who was taken over ends as fenced, or is killed.
 */
export class SimTakeovers {
  readonly #parts: TakeoverParts;
  /** Whose CONNECT is awaited. */
  #awaited: { readonly process: SimProcess; readonly fault: Takeover; held: boolean } | undefined;
  /** Who was taken over, and has not found out. */
  readonly #zombies = new Set<SimProcess>();

  constructor(parts: TakeoverParts) {
    this.#parts = parts;
    parts.world.onConnect = (link, port, life) => this.#hold(link, port, life);
  }

  /** One is under way, or who was taken over is still there. */
  get busy(): boolean {
    return this.#awaited !== undefined || this.#zombies.size > 0;
  }

  /** False when it cannot hit now. */
  begin(process: SimProcess | undefined, fault: Takeover): boolean {
    const { world, portOf, provoke } = this.#parts;
    if (process?.running !== true || !process.alive || process.failure !== undefined || this.busy) return false;
    if (world.linksTo(portOf(fault.side)).length === 0) return false;
    this.#awaited = { process, fault, held: false };
    provoke();
    this.#sever(process, world.random.next() * UNDER_WAY_MS);
    return true;
  }

  /** Until it connects again: the connection may be another one by then. */
  #sever(process: SimProcess, afterMs: number): void {
    const { world, portOf } = this.#parts;
    world.clock.after(afterMs, () => {
      const awaited = this.#awaited;
      if (awaited?.process !== process || awaited.held) return;
      for (const link of world.linksTo(portOf(awaited.fault.side))) link.sever();
      this.#sever(process, RECONNECT_MS);
    });
  }

  /** Its process is gone: its CONNECT does not come any more. */
  cancel(): void {
    this.#awaited = undefined;
  }

  #hold(link: SimLink, port: number, life: SimLife): void {
    const { world, portOf } = this.#parts;
    const awaited = this.#awaited;
    if (awaited?.process !== life || portOf(awaited.fault.side) !== port) return;
    awaited.held = true;
    link.stall();
    link.onFirstWrite = () => this.#succeed(link);
    world.clock.after(GIVE_UP_MS + awaited.fault.holdMs, () => link.resume());
  }

  #succeed(link: SimLink): void {
    const { world, start, say } = this.#parts;
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    this.#awaited = undefined;
    const { process, fault } = awaited;
    this.#zombies.add(process);
    process.onKilled = () => void this.#zombies.delete(process);
    process.onFailed = (error) => this.#bury(process, error);
    if (fault.pauseMs > 0) process.pause();
    world.clock.after(fault.pauseMs, () => process.goOn());
    world.clock.after(fault.holdMs, () => link.resume());
    say(`process is taken over, its CONNECT to the ${fault.side} broker is held`);
    world.clock.after(0, start);
  }

  #bury(process: SimProcess, { code, message }: MillraceError): void {
    const { say, complain, flaky } = this.#parts;
    say(`process that was taken over ends: ${code}`);
    const isExpected = code === 'STORE_FENCED' || (code === 'USER_FUNCTION_FAILED' && flaky);
    if (!isExpected) complain(`WHO WAS TAKEN OVER FAILED BY SOMETHING ELSE: ${code} ${message}`);
    process.end();
    this.#zombies.delete(process);
  }
}
