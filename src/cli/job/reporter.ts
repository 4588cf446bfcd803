import type { ClusterEvent } from '../../cluster/node/cluster-event.js';
import { MillraceError } from '../../errors/index.js';
import { causeLine, userCause } from '../../errors/user-cause.js';
import { visible, visibleJson } from '../../internal/visible-text.js';
import { asItIs, errorLine, type Words } from './error-line.js';
import { eventLevel } from './event-level.js';
import { formatStats, type Stats } from './stats-line.js';

/** Where a command writes. `isTerminal` and `columns` are about `stderr`. */
export interface Output {
  /** For machines, and for what was asked for itself, like the help. */
  readonly stdout: (text: string) => void;
  /** For people: what the command tells while it runs. */
  readonly stderr: (text: string) => void;
  /** Whether the line of figures may be drawn over. */
  readonly isTerminal: boolean;
  /** How wide the terminal is now. */
  readonly columns: () => number;
  /** `stdout` for what is not ours: messages. */
  readonly data: DataOutput;
}

/** Where messages go, as bytes and not faster than they are read. */
export interface DataOutput {
  /** What is written is shown to people. */
  readonly isTerminal: boolean;
  /** Resolves when the bytes are taken, in order; with false when nobody reads them any more. */
  write(bytes: Uint8Array): Promise<boolean>;
}

/** What a job tells of itself besides its figures. Plain facts, no secrets. */
export interface ReportedEvent {
  /** The same word in the line for machines. */
  readonly event:
    | ClusterEvent['kind']
    | 'joined'
    | 'http'
    | 'suspended'
    | 'drained'
    | 'running'
    | 'connect'
    | 'disconnect'
    | 'reconnect'
    | 'refused-for-now'
    | 'session-lost'
    | 'session-went-back'
    | 'note'
    | 'retrying'
    | 'retry-over'
    | 'restarting'
    | 'recovered'
    | 'sink-open'
    | 'stopped-early'
    | 'given-up'
    | 'problem'
    | 'finding'
    | 'checked'
    | 'changed'
    | 'removed'
    | 'reloaded'
    | 'not-reloaded'
    | 'stopping'
    | 'stopped';
  /** The line for people; undefined: only machines are told. */
  readonly text: string | undefined;
  /** Stand beside `event` and `time` in the line for machines. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Who reports: a command. */
interface Speaker {
  readonly name: string;
  /** Default: what the library says is said as it is. */
  readonly words?: Words;
}

const CLEAR_LINE = '\r\u001b[K';

/** Tells people on stderr and, with `json`, machines on stdout, one JSON object a line. */
export class Reporter {
  readonly #command: string;
  readonly #words: Words;
  readonly #output: Output;
  readonly #json: boolean;
  #statsShown = false;

  constructor({ name, words = asItIs }: Speaker, output: Output, json: boolean) {
    this.#command = name;
    this.#words = words;
    this.#output = output;
    this.#json = json;
  }

  tell({ event, text, facts }: ReportedEvent): void {
    this.#machine(event, facts);
    if (text !== undefined) this.#line(this.#words(text));
  }

  /** On a terminal the line is redrawn in place, elsewhere each is a line of its own. */
  stats(stats: Stats): void {
    this.#machine('stats', { ...stats });
    if (this.#json) return;
    const line = formatStats(stats);
    const { isTerminal, columns } = this.#output;
    // A line that wraps could not be cleared.
    this.#output.stderr(isTerminal ? `${CLEAR_LINE}${line.slice(0, columns() - 1)}` : `${line}\n`);
    this.#statsShown = isTerminal;
  }

  /** One line on stderr, and one more where a function of the user's threw. @param route of several, the one that has failed */
  failed(error: unknown, route?: string): void {
    const cause = userCause(error);
    const told = MillraceError.from(error).toJSON();
    const facts = { error: cause === undefined ? told : { ...told, cause } };
    this.#machine('failed', route === undefined ? facts : { route, ...facts });
    this.#line(`${route === undefined ? '' : `${route}: `}failed: ${errorLine(error, this.#words)}`);
    if (cause !== undefined) this.#line(causeLine(cause));
  }

  /** Whatever found its way into the text: a line is a line. */
  #line(text: string): void {
    this.#output.stderr(`${this.#statsShown ? CLEAR_LINE : ''}millrace ${this.#command}: ${visible(text)}\n`);
    this.#statsShown = false;
  }

  #machine(event: string, facts: Readonly<Record<string, unknown>>): void {
    if (!this.#json) return;
    const time = new Date().toISOString();
    const told = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, this.#own(name, value)]));
    this.#output.stdout(`${visibleJson({ event, time, level: eventLevel(event, facts), ...told })}\n`);
  }

  /** What the library says, in a note or an error, in the words of the command. All else is a fact. */
  #own(name: string, value: unknown): unknown {
    if (typeof value === 'string') return name === 'note' ? this.#words(value) : value;
    if (name !== 'error' || typeof value !== 'object' || value === null) return value;
    const { message, advice } = Object(value);
    return {
      ...value,
      ...(typeof message === 'string' ? { message: this.#words(message) } : {}),
      ...(typeof advice === 'string' ? { advice: this.#words(advice) } : {}),
    };
  }
}
