import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { JobEvent } from './reporter.js';

/** What went wrong with a connection last, as the diagnostics channel told it. */
export interface ConnectionTrouble {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly advice: string | undefined;
  readonly systemCode: string | undefined;
}

/** Listens to the connections of this process: passes on what an operator must know, and remembers the last trouble of each. */
export class ConnectionWatch implements Disposable {
  readonly #tell: (event: JobEvent) => void;
  readonly #troubles = new Map<string, ConnectionTrouble>();
  readonly #handlers: readonly (readonly [string, (message: unknown) => void])[];

  constructor(tell: (event: JobEvent) => void) {
    this.#tell = tell;
    this.#handlers = [
      ['millrace:connect', (message) => this.#connected(message)],
      ['millrace:disconnect', (message) => this.#disconnected(message)],
      ['millrace:reconnect', (message) => this.#tell({ event: 'reconnect', text: undefined, facts: factsOf(message) })],
      ['millrace:session-lost', (message) => this.#sessionLost(message)],
    ];
    for (const [name, handler] of this.#handlers) subscribe(name, handler);
  }

  /** The last trouble of a connection that has not been made since. */
  get trouble(): ConnectionTrouble | undefined {
    return [...this.#troubles.values()].at(-1);
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) unsubscribe(name, handler);
  }

  #connected(message: unknown): void {
    this.#troubles.delete(textOf(factsOf(message), 'name'));
  }

  #disconnected(message: unknown): void {
    const facts = factsOf(message);
    const error = factsOf(facts.error);
    const name = textOf(facts, 'name');
    this.#troubles.delete(name);
    this.#troubles.set(name, {
      name,
      message: textOf(error, 'message'),
      code: textOf(error, 'code'),
      advice: typeof error.advice === 'string' ? error.advice : undefined,
      systemCode: textOf(factsOf(error.details), 'systemCode'),
    });
  }

  #sessionLost(message: unknown): void {
    const facts = factsOf(message);
    const text = `the broker lost the session of ${textOf(facts, 'name')}: what it had kept for us is gone`;
    this.#tell({ event: 'session-lost', text, facts });
  }
}

function factsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function textOf(facts: Readonly<Record<string, unknown>>, name: string): string {
  const value = facts[name];
  return typeof value === 'string' ? value : '';
}
