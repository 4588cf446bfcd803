import { type ConnectionTrouble, troubleOf } from '../../metrics/warnings/connection-troubles.js';
import { type Facts, textOf } from '../../metrics/warnings/facts.js';

/** A client of a source or a sink, as its last events told of it. */
export interface ToldConnection {
  /** `source x`, or the name of the sink and the number of its client: `x-0`. */
  readonly name: string;
  /** Whether it is now. */
  readonly connected: boolean;
  /** Of the last change, as ISO 8601. */
  readonly since: string;
  /** What the last CONNACK said; empty before the first. */
  readonly session: Facts;
  /** Why the last attempt or connection has ended; undefined while it is connected. */
  readonly trouble: Pick<ConnectionTrouble, 'code' | 'message' | 'advice' | 'retried'> | undefined;
}

const MOST_CONNECTIONS = 256;
const OF_A_SESSION = ['server', 'version', 'clientId', 'sessionPresent', 'epoch', 'sessionExpiryInterval'];

/** What is known of the connections of this process, of at most 256. Has no clock. */
export class ToldConnections {
  readonly #byName = new Map<string, ToldConnection>();

  get all(): readonly ToldConnection[] {
    return [...this.#byName.values()];
  }

  of(name: string): ToldConnection | undefined {
    return this.#byName.get(name);
  }

  connect(facts: Facts, since: string): void {
    const session = Object.fromEntries(Object.entries(facts).filter(([name]) => OF_A_SESSION.includes(name)));
    this.#set({ name: textOf(facts, 'name'), connected: true, since, session, trouble: undefined });
  }

  disconnect(facts: Facts, time: string): void {
    const { name, code, message, advice, retried } = troubleOf(facts);
    const before = this.#byName.get(name);
    // an outage began when the connection ended, not at its last attempt
    const since = before?.connected === false ? before.since : time;
    const trouble = { code, message, advice, retried };
    this.#set({ name, connected: false, since, session: before?.session ?? {}, trouble });
  }

  #set(connection: ToldConnection): void {
    this.#byName.delete(connection.name);
    this.#byName.set(connection.name, connection);
    const [oldest] = this.#byName.keys();
    if (this.#byName.size > MOST_CONNECTIONS && oldest !== undefined) this.#byName.delete(oldest);
  }
}
