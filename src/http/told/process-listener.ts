import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { boundedFacts } from '../../metrics/bounded-facts.js';
import { DIAGNOSTIC_NAMES, type DiagnosticName, OF_EACH_MESSAGE } from '../../metrics/diagnostics.js';
import { factsOf, textOf } from '../../metrics/warnings/facts.js';
import { ToldConnections } from './told-connections.js';
import { ToldEvents } from './told-events.js';
import { ToldTables } from './told-tables.js';

/** A job that runs no more. */
export interface EndedJob {
  /** As it was given to `newJob`. */
  readonly name: string;
  /** How it ended: `COMPLETED`, `FAILED` and so on. */
  readonly status: string;
  /** When, as ISO 8601. */
  readonly time: string;
  /** Why, of one that has failed. */
  readonly error: unknown;
}

const MOST_ENDED = 16;

/** Listens to all that this process tells, and keeps the last of it. Knows nothing of what was told before it was made. */
export class ProcessListener implements Disposable {
  readonly events = new ToldEvents();
  readonly connections = new ToldConnections();
  readonly tables = new ToldTables();
  readonly #isOurs: (job: string) => boolean;
  /** By name: at most 16, those that ended last. */
  readonly #ended = new Map<string, EndedJob>();
  readonly #ends: (() => void)[] = [];

  /** @param isOurs whether it is a job of the engine that is served: a process may have several */
  constructor(isOurs: (job: string) => boolean) {
    this.#isOurs = isOurs;
    for (const name of DIAGNOSTIC_NAMES) if (!OF_EACH_MESSAGE.includes(name)) this.#listen(name);
  }

  /** The one that ended last is last. */
  get ended(): readonly EndedJob[] {
    return [...this.#ended.values()];
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }

  #listen(name: DiagnosticName): void {
    const onMessage = (message: unknown): void => this.#handle(name, message);
    subscribe(`millrace:${name}`, onMessage);
    this.#ends.push(() => unsubscribe(`millrace:${name}`, onMessage));
  }

  #handle(name: DiagnosticName, message: unknown): void {
    const facts = factsOf(message);
    const time = new Date().toISOString();
    const event = name === 'job' ? textOf(facts, 'kind') : name;
    this.events.add(event, facts, { ms: performance.now(), time }, () => boundedFacts(facts));
    if (name === 'connect') this.connections.connect(boundedFacts(facts), time);
    if (name === 'disconnect') this.connections.disconnect(boundedFacts(facts), time);
    if (name === 'table-waiting') this.tables.waiting(boundedFacts(facts), time);
    if (name === 'table-loaded') this.tables.loaded(boundedFacts(facts));
    if (name === 'job' && event === 'status') this.#statusOf(boundedFacts(facts), time);
  }

  #statusOf({ job, status, error }: Readonly<Record<string, unknown>>, time: string): void {
    const name = String(job);
    this.tables.left(name);
    if (!this.#isOurs(name)) return;
    this.#ended.delete(name);
    if (status !== 'COMPLETED' && status !== 'FAILED') return;
    this.#ended.set(name, { name, status, time, error });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MOST_ENDED && oldest !== undefined) this.#ended.delete(oldest);
  }
}
