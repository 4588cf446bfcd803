import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { errorWords } from '../../internal/error-words.js';
import { foreignText } from '../../internal/visible-text.js';
import { ConnectionTroubles, troubleOf } from '../../metrics/warnings/connection-troubles.js';
import { type Facts, factsOf, textOf } from '../../metrics/warnings/facts.js';
import { noteOf, OPERATOR_NOTES } from '../../metrics/warnings/operator-notes.js';
import type { ReportedEvent } from './reporter.js';

const OLDER_VERSIONS: ReadonlyMap<unknown, string> = new Map([
  [4, 'MQTT 3.1.1'],
  [3, 'MQTT 3.1'],
]);

/** Topics that others choose are in some. */
const MOST_NOTES = 1000;

/**
 * Listens to the connections of this process and passes on what an operator must know. An
 * outage is two lines, however many attempts it takes: one when it begins, one when it is over.
 */
export class ConnectionObserver implements Disposable {
  /** People are told of outages. Off while a failure to connect will be an error of its own. */
  tellsPeople = true;
  readonly #tell: (event: ReportedEvent) => void;
  /** Before the handlers: they find what it knows of each event. */
  readonly #troubles = new ConnectionTroubles();
  /** Connections whose outage people were told of. */
  readonly #told = new Set<string>();
  /** What they were told of refusals in an outage. */
  readonly #refusals = new Set<string>();
  /** The versions of the connections that are up and older than 5.0, by server. */
  readonly #older = new Map<string, string>();
  /** Bounded by what an operator would read. */
  readonly #noted = new Set<string>();
  readonly #notesPer: 'kind' | 'text';
  readonly #handlers: readonly (readonly [string, (message: unknown) => void])[];

  /** `notesPer`: a note is told once in all, or once for each thing that it is about. */
  constructor(tell: (event: ReportedEvent) => void, notesPer: 'kind' | 'text' = 'kind') {
    this.#tell = tell;
    this.#notesPer = notesPer;
    this.#handlers = [
      ['millrace:connect', (message) => this.#onConnect(message)],
      // told before the disconnect that it goes with
      ['millrace:refused-for-now', (message) => this.#onRefused(message)],
      ['millrace:disconnect', (message) => this.#onDisconnect(message)],
      ['millrace:reconnect', (message) => this.#tell({ event: 'reconnect', text: undefined, facts: factsOf(message) })],
      ['millrace:session-lost', (message) => this.#onSessionLost(message)],
      ['millrace:given-up', (message) => this.#onGivenUp(message)],
      ['millrace:session-went-back', (message) => this.#onSessionWentBack(message)],
      ...OPERATOR_NOTES.map(
        ([name, text]) => [name, (message: unknown) => this.#note(name, text, factsOf(message))] as const,
      ),
    ];
    for (const [name, handler] of this.#handlers) subscribe(name, handler);
  }

  /** What is known of the connections. */
  get troubles(): ConnectionTroubles {
    return this.#troubles;
  }

  /** The servers that are spoken to in an older version than 5.0, each with it. */
  get older(): readonly string[] {
    return [...this.#older].map(([server, version]) => `${version} with ${server}`);
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) unsubscribe(name, handler);
    this.#troubles[Symbol.dispose]();
  }

  #onConnect(message: unknown): void {
    const facts = factsOf(message);
    const name = textOf(facts, 'name');
    const server = textOf(facts, 'server');
    const version = OLDER_VERSIONS.get(facts.version);
    if (version === undefined) this.#older.delete(server);
    else this.#older.set(server, version);
    for (const refusal of this.#refusals) if (refusal.startsWith(`${name}\0`)) this.#refusals.delete(refusal);
    const text = this.#told.delete(name) ? `connected to ${server} again` : undefined;
    this.#tell({ event: 'connect', text, facts });
  }

  #onDisconnect(message: unknown): void {
    const facts = factsOf(message);
    const trouble = troubleOf(facts);
    const { name } = trouble;
    const isNews = this.tellsPeople && trouble.retried && !this.#told.has(name);
    if (isNews) this.#told.add(name);
    const text = isNews ? `${foreignText(errorWords(trouble.message))}; trying again` : undefined;
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
    const text = isNews ? `${errorWords(why)}; it was accepted before, so it is tried again` : undefined;
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

  #note(channel: string, text: Parameters<typeof noteOf>[0], facts: Facts): void {
    const note = noteOf(text, facts);
    const key = this.#notesPer === 'kind' ? channel : note;
    if (note === undefined || key === undefined || this.#noted.has(key) || this.#noted.size > MOST_NOTES) return;
    this.#noted.add(key);
    this.#tell({ event: 'note', text: `note: ${foreignText(note)}`, facts: { note, ...facts } });
  }
}
