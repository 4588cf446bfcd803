import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Facts, factsOf, textOf } from './facts.js';

/** What went wrong with a connection last, as the diagnostics channel told it. */
export interface ConnectionTrouble {
  /** Of the connection: those of sources begin with `source `. */
  readonly name: string;
  /** Of the error that ended the last attempt. */
  readonly message: string;
  /** That of the MillraceError. */
  readonly code: string;
  /** Undefined: there was none. */
  readonly advice: string | undefined;
  /** Of the socket, like ECONNREFUSED; empty where the broker has answered. */
  readonly systemCode: string;
  /** It is tried again. */
  readonly retried: boolean;
}

/** What is told of a connection. Whoever is told finds the troubles as they are since. */
export interface TroubleListener {
  /** Its trouble, if it had any, is over. */
  connected(name: string): void;
  /** An attempt, or a connection, has ended with it. */
  troubled(trouble: ConnectionTrouble): void;
}

/** The connections of this process that are up, and the last trouble of each that is not. */
export class ConnectionTroubles implements Disposable {
  readonly #troubles = new Map<string, ConnectionTrouble>();
  readonly #connected = new Map<string, string>();
  readonly #listener: Partial<TroubleListener>;

  constructor(listener: Partial<TroubleListener> = {}) {
    this.#listener = listener;
    subscribe('millrace:connect', this.#onConnect);
    subscribe('millrace:disconnect', this.#onDisconnect);
  }

  /** The last trouble of a connection that has not been made since, of one with such a name if there is any. */
  trouble(isNeeded: (name: string) => boolean): ConnectionTrouble | undefined {
    const troubles = [...this.#troubles.values()];
    return troubles.findLast(({ name }) => isNeeded(name)) ?? troubles.at(-1);
  }

  /** Whether a connection with such a name is up. */
  isConnected(isNeeded: (name: string) => boolean): boolean {
    return [...this.#connected.keys()].some(isNeeded);
  }

  /** The servers that we are connected to. */
  get connected(): readonly string[] {
    return [...this.#connected.values()];
  }

  [Symbol.dispose](): void {
    unsubscribe('millrace:connect', this.#onConnect);
    unsubscribe('millrace:disconnect', this.#onDisconnect);
  }

  readonly #onConnect = (message: unknown): void => {
    const facts = factsOf(message);
    const name = textOf(facts, 'name');
    this.#troubles.delete(name);
    this.#connected.set(name, textOf(facts, 'server'));
    this.#listener.connected?.(name);
  };

  readonly #onDisconnect = (message: unknown): void => {
    const trouble = troubleOf(factsOf(message));
    // the newest is the last
    this.#troubles.delete(trouble.name);
    this.#troubles.set(trouble.name, trouble);
    this.#connected.delete(trouble.name);
    this.#listener.troubled?.(trouble);
  };
}

/** The trouble that an event with `name`, `error` and `next` tells of. */
export const troubleOf = (facts: Facts): ConnectionTrouble => {
  const error = factsOf(facts.error);
  return {
    name: textOf(facts, 'name'),
    message: textOf(error, 'message'),
    code: textOf(error, 'code'),
    advice: typeof error.advice === 'string' ? error.advice : undefined,
    systemCode: textOf(factsOf(error.details), 'systemCode'),
    retried: facts.next === 'retry',
  };
};
