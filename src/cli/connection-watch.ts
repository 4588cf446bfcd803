import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inWords } from './error-line.js';
import { OPERATOR_NOTES } from './operator-notes.js';
import type { ReportedEvent } from './reporter.js';

/** What went wrong with a connection last, as the diagnostics channel told it. */
export interface ConnectionTrouble {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly advice: string | undefined;
  readonly systemCode: string | undefined;
}

/**
 * Listens to the connections of this process: passes on what an operator must know, and remembers the last trouble of each. An
 * outage is two lines, however many attempts it takes: one when it begins, one when it is over.
 */
export class ConnectionWatch implements Disposable {
  /** People are told of outages. Off while a failure to connect will be an error of its own. */
  tellsPeople = true;
  readonly #tell: (event: ReportedEvent) => void;
  readonly #troubles = new Map<string, ConnectionTrouble>();
  /** The servers of the connections that are up, by the connection's name. */
  readonly #connected = new Map<string, string>();
  /** Connections whose outage people were told of. */
  readonly #told = new Set<string>();
  readonly #noted = new Set<string>();
  readonly #handlers: readonly (readonly [string, (message: unknown) => void])[];

  constructor(tell: (event: ReportedEvent) => void) {
    this.#tell = tell;
    this.#handlers = [
      ['millrace:connect', (message) => this.#onConnect(message)],
      ['millrace:disconnect', (message) => this.#onDisconnect(message)],
      ['millrace:reconnect', (message) => this.#tell({ event: 'reconnect', text: undefined, facts: factsOf(message) })],
      ['millrace:session-lost', (message) => this.#onSessionLost(message)],
      ...OPERATOR_NOTES.map(([name, text]) => [name, (message: unknown) => this.#note(text, message)] as const),
    ];
    for (const [name, handler] of this.#handlers) subscribe(name, handler);
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
    for (const [name, handler] of this.#handlers) unsubscribe(name, handler);
  }

  #onConnect(message: unknown): void {
    const facts = factsOf(message);
    const name = textOf(facts, 'name');
    const server = textOf(facts, 'server');
    this.#troubles.delete(name);
    this.#connected.set(name, server);
    const text = this.#told.delete(name) ? `connected to ${server} again` : undefined;
    this.#tell({ event: 'connect', text, facts });
  }

  #onDisconnect(message: unknown): void {
    const facts = factsOf(message);
    const trouble = troubleOf(facts);
    const { name } = trouble;
    this.#troubles.delete(name);
    this.#troubles.set(name, trouble);
    this.#connected.delete(name);
    const isNews = this.tellsPeople && facts.next === 'retry' && !this.#told.has(name);
    if (isNews) this.#told.add(name);
    const text = isNews ? `${inWords(trouble.message)}; trying again` : undefined;
    this.#tell({ event: 'disconnect', text, facts });
  }

  #onSessionLost(message: unknown): void {
    const facts = factsOf(message);
    const text = `the broker lost the session of ${textOf(facts, 'name')}: what it had kept for us is gone`;
    this.#tell({ event: 'session-lost', text, facts });
  }

  #note(note: string, message: unknown): void {
    if (this.#noted.has(note)) return;
    this.#noted.add(note);
    this.#tell({ event: 'note', text: `note: ${note}`, facts: { note, ...factsOf(message) } });
  }
}

function troubleOf(facts: Readonly<Record<string, unknown>>): ConnectionTrouble {
  const error = factsOf(facts.error);
  return {
    name: textOf(facts, 'name'),
    message: textOf(error, 'message'),
    code: textOf(error, 'code'),
    advice: typeof error.advice === 'string' ? error.advice : undefined,
    systemCode: textOf(factsOf(error.details), 'systemCode'),
  };
}

function factsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function textOf(facts: Readonly<Record<string, unknown>>, name: string): string {
  const value = facts[name];
  return typeof value === 'string' ? value : '';
}
