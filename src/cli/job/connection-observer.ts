import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { foreignText } from '../../internal/visible-text.js';
import { inWords } from './error-line.js';
import { OPERATOR_NOTES } from './operator-notes.js';
import type { ReportedEvent } from './reporter.js';

/** What went wrong with a connection last, as the diagnostics channel told it. */
export interface ConnectionTrouble {
  /** Of the connection: those of sources begin with `source `. */
  readonly name: string;
  readonly message: string;
  /** That of the MillraceError. */
  readonly code: string;
  readonly advice: string | undefined;
  /** Of the socket, like ECONNREFUSED; undefined where the broker has answered. */
  readonly systemCode: string | undefined;
}

const OLDER_VERSIONS: ReadonlyMap<unknown, string> = new Map([
  [4, 'MQTT 3.1.1'],
  [3, 'MQTT 3.1'],
]);

/**
 * Listens to the connections of this process: passes on what an operator must know, and remembers the last trouble of each. An
 * outage is two lines, however many attempts it takes: one when it begins, one when it is over.
 */
export class ConnectionObserver implements Disposable {
  /** People are told of outages. Off while a failure to connect will be an error of its own. */
  tellsPeople = true;
  readonly #tell: (event: ReportedEvent) => void;
  readonly #troubles = new Map<string, ConnectionTrouble>();
  /** The servers of the connections that are up, by the connection's name. */
  readonly #connected = new Map<string, string>();
  /** Connections whose outage people were told of. */
  readonly #told = new Set<string>();
  /** What they were told of refusals in an outage. */
  readonly #refusals = new Set<string>();
  /** The versions of the connections that are up and older than 5.0, by server. */
  readonly #older = new Map<string, string>();
  readonly #noted = new Set<string>();
  readonly #handlers: readonly (readonly [string, (message: unknown) => void])[];

  constructor(tell: (event: ReportedEvent) => void) {
    this.#tell = tell;
    this.#handlers = [
      ['millrace:connect', (message) => this.#onConnect(message)],
      // told before the disconnect that it goes with
      ['millrace:refused-for-now', (message) => this.#onRefused(message)],
      ['millrace:disconnect', (message) => this.#onDisconnect(message)],
      ['millrace:reconnect', (message) => this.#tell({ event: 'reconnect', text: undefined, facts: factsOf(message) })],
      ['millrace:session-lost', (message) => this.#onSessionLost(message)],
      ['millrace:given-up', (message) => this.#onGivenUp(message)],
      ['millrace:session-went-back', (message) => this.#onSessionWentBack(message)],
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

  /** The servers that are spoken to in an older version than 5.0, each with it. */
  get older(): readonly string[] {
    return [...this.#older].map(([server, version]) => `${version} with ${server}`);
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) unsubscribe(name, handler);
  }

  #onConnect(message: unknown): void {
    const facts = factsOf(message);
    const name = textOf(facts, 'name');
    const server = textOf(facts, 'server');
    const version = OLDER_VERSIONS.get(facts.version);
    if (version === undefined) this.#older.delete(server);
    else this.#older.set(server, version);
    this.#troubles.delete(name);
    this.#connected.set(name, server);
    for (const refusal of this.#refusals) if (refusal.startsWith(`${name}\0`)) this.#refusals.delete(refusal);
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
    const text = isNews ? `${foreignText(inWords(trouble.message))}; trying again` : undefined;
    this.#tell({ event: 'disconnect', text, facts });
  }

  /** A line for each reason in an outage: after "connection refused" somebody must know that it is the password now. */
  #onRefused(message: unknown): void {
    const facts = factsOf(message);
    const { name, code, message: why } = troubleOf(facts);
    const refusal = `${name}\0${code}`;
    const isNews = this.tellsPeople && !this.#refusals.has(refusal);
    if (isNews) {
      this.#refusals.add(refusal);
      this.#told.add(name);
    }
    const text = isNews ? `${inWords(why)}; it was accepted before, so it is tried again` : undefined;
    this.#tell({ event: 'refused-for-now', text, facts });
  }

  #onSessionLost(message: unknown): void {
    const facts = factsOf(message);
    const text = `the broker lost the session of ${textOf(facts, 'name')}: what it had kept for us is gone`;
    this.#tell({ event: 'session-lost', text, facts });
  }

  #onSessionWentBack(message: unknown): void {
    const facts = factsOf(message);
    const text = `the broker went back: what it has of the session of ${textOf(facts, 'name')} is of an earlier time`;
    this.#tell({ event: 'session-went-back', text, facts });
  }

  #onGivenUp(message: unknown): void {
    const facts = factsOf(message);
    const text = `gave up ${textOf(facts, 'part')}: ${textOf(facts, 'stored')}`;
    this.#tell({ event: 'given-up', text, facts });
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
