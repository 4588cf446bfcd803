import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { errorWords } from '../../internal/error-words.js';
import { foreignText } from '../../internal/visible-text.js';
import { type ConnectionTrouble, ConnectionTroubles, troubleOf } from './connection-troubles.js';
import { type Facts, factsOf, textOf } from './facts.js';
import { noteOf, OPERATOR_NOTES } from './operator-notes.js';
import { Outages } from './outages.js';

/** Whose warnings they are. */
export interface Warned {
  /** How a warning begins: `job "x"`. */
  readonly what: string;
  /** As the events have it: `standalone` without an engine. */
  readonly job: string;
  /** The names of its sources and sinks, as their connections and events have them. */
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
}

/** A connection that was never made is most likely wrong; one that was cut is most likely tried again with success. */
const NEVER_MADE_MS = 5000;
const CUT_MS = 60_000;
/** Longer than a connect, or the answer to it, may take. */
const SILENT_START_MS = 40_000;
const START = 'start';
const NOT_CONNECTED = 'MILLRACE_NOT_CONNECTED';
const RETRIED = 'It is tried again, as its retryStrategy says. What can never pass should throw a PermanentError.';
const GOES_ON = 'It is tried again for ever. Check the URL of the broker, and that it runs.';

/**
 * Says as warnings of the process what nobody would learn otherwise: that a source, a sink or a table is not connected, after a while and then
 * rarely, and once each what weakens the job. The command line tells the same by itself.
 */
export class OperatorWarnings implements Disposable {
  readonly #warned: Warned;
  readonly #outages = new Outages();
  readonly #connectedOnce = new Set<string>();
  readonly #noted = new Set<string>();
  readonly #troubles: ConnectionTroubles;
  readonly #handlers: readonly (readonly [channel: string, handler: (message: unknown) => void])[];
  #timer: NodeJS.Timeout | undefined;

  constructor(warned: Warned) {
    this.#warned = warned;
    this.#troubles = new ConnectionTroubles({
      connected: (name) => this.#connected(name),
      troubled: (trouble) => this.#troubled(trouble),
    });
    this.#handlers = [
      ['millrace:retrying', (message) => this.#retrying(factsOf(message))],
      ['millrace:retry-over', (message) => this.#over(factsOf(message))],
      ['millrace:table-waiting', (message) => this.#tableWaiting(factsOf(message))],
      ...OPERATOR_NOTES.map(
        ([name, text]) => [name, (message: unknown) => this.#note(name, text, factsOf(message))] as const,
      ),
    ];
    for (const [name, handler] of this.#handlers) subscribe(name, handler);
  }

  /** It is being opened: it may wait for what no event tells of. */
  starting(): void {
    const message = 'it is not open yet, and no source, sink or table says why';
    const advice =
      'A source or sink of your own may wait in its opening; a broker may accept connections and not answer.';
    this.#outages.add({ name: START, code: NOT_CONNECTED, message, advice }, performance.now(), SILENT_START_MS);
    this.#arm();
  }

  /** It runs, or is at rest. */
  started(): void {
    this.#outages.end(START);
    this.#arm();
  }

  /** A graceful stop has ended before all was delivered: what it waited for in vain, and what becomes of what is left. */
  stoppedEarly(text: string, advice: string): void {
    this.#warn(text, 'MILLRACE_DRAIN_TIMED_OUT', advice);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#troubles[Symbol.dispose]();
    for (const [name, handler] of this.#handlers) unsubscribe(name, handler);
  }

  #connected(name: string): void {
    this.#connectedOnce.add(name);
    this.#outages.end(name);
    this.#arm();
  }

  #troubled(trouble: ConnectionTrouble): void {
    const { name, message, advice, retried } = trouble;
    if (!this.#isOurs(name)) return;
    const firstMs = this.#connectedOnce.has(name) ? CUT_MS : NEVER_MADE_MS;
    const outage = { name, code: NOT_CONNECTED, message: `${name}: ${message}`, advice };
    if (retried) this.#outages.add(outage, performance.now(), firstMs);
    else this.#outages.end(name);
    this.#arm();
  }

  /** Of sources and sinks of the user's own, which try again what failed. */
  #retrying(facts: Facts): void {
    if (!this.#isRetriedHere(facts)) return;
    const { message: why, advice } = troubleOf(facts);
    const name = textOf(facts, 'part');
    // what a user's function throws that is an error of ours does not name it
    const message = why.includes(name) ? why : `${name}: ${why}`;
    const outage = { name, code: 'MILLRACE_RETRYING', message, advice: advice ?? RETRIED };
    this.#outages.add(outage, performance.now(), NEVER_MADE_MS);
    this.#arm();
  }

  /** Under the name of its connection: when that is made, nothing is wrong with it. */
  #tableWaiting(facts: Facts): void {
    if (facts.job !== this.#warned.job) return;
    const { message: why, advice } = troubleOf(facts);
    const name = `table ${textOf(facts, 'table')}`;
    const outage = { name, code: NOT_CONNECTED, message: `${name}: ${why}`, advice };
    this.#outages.add(outage, performance.now(), NEVER_MADE_MS);
    this.#arm();
  }

  #over(facts: Facts): void {
    if (!this.#isRetriedHere(facts)) return;
    this.#outages.end(textOf(facts, 'part'));
    this.#arm();
  }

  #note(channel: string, text: Parameters<typeof noteOf>[0], facts: Facts): void {
    const isOurs = this.#isOurs(textOf(facts, 'name')) || this.#hasPart(facts) || facts.job === this.#warned.job;
    const note = noteOf(text, facts);
    if (!isOurs || note === undefined || this.#noted.has(channel)) return;
    this.#noted.add(channel);
    const where = ['name', 'source', 'sink'].map((name) => textOf(facts, name)).find((part) => part !== '');
    const code = channel.replace('millrace:', '').replaceAll('-', '_').toUpperCase();
    this.#warn(`${where === undefined ? '' : `${where}: `}${note}`, `MILLRACE_${code}`, undefined);
  }

  /** Without an engine all have the same name of a job. */
  #isRetriedHere(facts: Facts): boolean {
    const { what, job } = this.#warned;
    return facts.job === job && (what === `job "${job}"` || what === facts.part);
  }

  /** A sink's connections have its name and the number of the client. */
  #isOurs(name: string): boolean {
    const { sources, sinks } = this.#warned;
    return (
      sources.some((source) => name === `source ${source}`) || sinks.some((sink) => name.replace(/-\d+$/, '') === sink)
    );
  }

  #hasPart(facts: Facts): boolean {
    return this.#warned.sources.includes(textOf(facts, 'source')) || this.#warned.sinks.includes(textOf(facts, 'sink'));
  }

  /** It keeps no process alive. */
  #arm(): void {
    clearTimeout(this.#timer);
    const { dueMs } = this.#outages;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#tell(), Math.max(0, dueMs - performance.now()) + 1);
    this.#timer.unref();
  }

  #tell(): void {
    for (const { name, code, message, advice, lastsMs } of this.#outages.take(performance.now())) {
      // what is wrong with a part says why
      if (name === START && this.#outages.hasOther(START)) continue;
      const since = `for ${Math.round(lastsMs / 1000)} s`;
      this.#warn(`${errorWords(message)} (${since})`, code, advice ?? GOES_ON);
    }
    this.#arm();
  }

  #warn(text: string, code: string, detail: string | undefined): void {
    const message = foreignText(`${this.#warned.what}: ${text}`);
    process.emitWarning(message, { code, ...(detail === undefined ? {} : { detail: foreignText(detail) }) });
  }
}
