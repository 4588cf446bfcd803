import { MillraceError } from '../../../src/errors/index.js';
import type { ReconnectPolicy } from '../../../src/mqtt/connection/reconnect/reconnect-policy.js';

/** As `TakeoverTrial` has them. */
const STRIKES = 3;
const MOST_TRIALS = 6;
const PAUSE_MS = 300;
const AT_ONCE_MS = 50;
const holdMs = (longestMs: number): number => Math.min(5000, Math.max(1500, 2 * longestMs));

/** For whom nobody waits. */
const NEVER = Number.POSITIVE_INFINITY;
const HOUR_MS = 3_600_000;

interface Trial {
  readonly holdMs: number;
  strikes: number;
  trials: number;
}

interface Fighter {
  readonly policy: ReconnectPolicy;
  /** When it connects, or its trial has lived. */
  dueMs: number;
  sinceMs: number;
  trial: Trial | undefined;
  /** Trials that are to find nothing, since the other one stands still meanwhile. */
  misled: number;
  /** Until then it does not connect. */
  stillUntilMs: number;
}

/** What a fight is made of. */
export interface FightOptions {
  /** Two of them, each of which believes that it is alone. */
  readonly policies: readonly [ReconnectPolicy, ReconnectPolicy];
  /** How many of the first trials of each find nothing, though the other one is there. */
  readonly misled: readonly [number, number];
  /** Longest time of a connect, in milliseconds. */
  readonly connectMs: number;
  readonly random: () => number;
}

/**
 * Two clients with one id at a broker that closes the connection of which the session is taken and gives no reason, as mosquitto below 2.1.
 * The first has been there for an hour. Nothing is sent. In virtual time.
 */
export class ClientIdFight {
  readonly #options: FightOptions;
  readonly #fighters: readonly [Fighter, Fighter];
  #holder: Fighter | undefined;
  #nowMs = 0;
  #found: number | undefined;

  constructor(options: FightOptions) {
    const { policies, misled } = options;
    const fighter = (index: 0 | 1, dueMs: number): Fighter => ({
      policy: policies[index],
      dueMs,
      sinceMs: 0,
      trial: undefined,
      misled: misled[index],
      stillUntilMs: 0,
    });
    this.#options = options;
    this.#fighters = [fighter(0, 0), fighter(1, HOUR_MS)];
  }

  /** Until one of them knows, or for an hour. Gives how long after the second came that is, in milliseconds. */
  fight(): number {
    while (this.#found === undefined && this.#nowMs < 2 * HOUR_MS) {
      const next = this.#fighters.reduce((one, other) => (other.dueMs < one.dueMs ? other : one));
      this.#nowMs = next.dueMs;
      if (this.#holder === next) this.#lived(next);
      else this.#connect(next);
    }
    return (this.#found ?? this.#nowMs) - HOUR_MS;
  }

  #connect(fighter: Fighter): void {
    const holder = this.#holder;
    this.#holder = fighter;
    fighter.sinceMs = this.#nowMs;
    fighter.dueMs = NEVER;
    if (fighter.trial === undefined) fighter.policy.accepted(this.#nowMs);
    else this.#hold(fighter, fighter.trial);
    if (holder !== undefined) this.#taken(holder);
  }

  #hold(fighter: Fighter, { holdMs }: Trial): void {
    fighter.dueMs = this.#nowMs + holdMs;
    if (fighter.misled === 0) return;
    fighter.misled -= 1;
    for (const one of this.#fighters) if (one !== fighter) one.stillUntilMs = fighter.dueMs + 1;
  }

  #taken(fighter: Fighter): void {
    const connectedMs = this.#nowMs - fighter.sinceMs;
    const { trial, policy } = fighter;
    if (trial !== undefined) {
      this.#struck(fighter, trial, connectedMs);
      return;
    }
    const next = policy.after({
      error: new MillraceError('CONNECTION_LOST', 'closed', { retryable: true }),
      byFin: true,
      connectSent: true,
      connectedMs,
      moved: false,
      progressed: false,
      unanswered: false,
      subscribing: false,
      now: this.#nowMs,
    });
    if (next.do !== 'retry') throw new Error(`a close leads to ${next.do}`);
    if (next.examine !== undefined) {
      fighter.trial = { holdMs: holdMs(next.examine.longestMs), strikes: 0, trials: 0 };
    }
    this.#comeAfter(fighter, next.waitMs);
  }

  #struck(fighter: Fighter, trial: Trial, livedMs: number): void {
    trial.trials += 1;
    if (livedMs >= AT_ONCE_MS) trial.strikes += 1;
    if (trial.strikes === STRIKES) this.#found = this.#nowMs;
    else if (trial.trials === MOST_TRIALS) this.#examined(fighter, 'unclear');
    else this.#comeAfter(fighter, this.#options.random() * PAUSE_MS);
  }

  #lived(fighter: Fighter): void {
    this.#holder = undefined;
    this.#examined(fighter, 'lived');
  }

  #examined(fighter: Fighter, verdict: 'lived' | 'unclear'): void {
    fighter.trial = undefined;
    const { next } = fighter.policy.examined(verdict, this.#nowMs);
    this.#comeAfter(fighter, next.do === 'retry' ? next.waitMs : 0);
  }

  #comeAfter(fighter: Fighter, waitMs: number): void {
    const { random, connectMs } = this.#options;
    fighter.dueMs = Math.max(this.#nowMs + waitMs, fighter.stillUntilMs) + random() * connectMs;
  }
}
