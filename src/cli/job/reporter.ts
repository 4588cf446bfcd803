import { MillraceError } from '../../errors/index.js';
import { visible, visibleJson } from '../../internal/visible-text.js';
import { errorLine } from './error-line.js';
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
}

/** What a job tells of itself besides its figures. Plain facts, no secrets. */
export interface ReportedEvent {
  /** The same word in the line for machines. */
  readonly event:
    | 'running'
    | 'connect'
    | 'disconnect'
    | 'reconnect'
    | 'refused-for-now'
    | 'session-lost'
    | 'session-went-back'
    | 'note'
    | 'restarting'
    | 'recovered'
    | 'sink-open'
    | 'given-up'
    | 'stopping'
    | 'stopped';
  /** The line for people; undefined: only machines are told. */
  readonly text: string | undefined;
  /** Stand beside `event` and `time` in the line for machines. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const CLEAR_LINE = '\r\u001b[K';

/** Tells people on stderr and, with `json`, machines on stdout, one JSON object a line. */
export class Reporter {
  readonly #command: string;
  readonly #output: Output;
  readonly #json: boolean;
  #statsShown = false;

  constructor(command: string, output: Output, json: boolean) {
    this.#command = command;
    this.#output = output;
    this.#json = json;
  }

  tell({ event, text, facts }: ReportedEvent): void {
    this.#machine(event, facts);
    if (text !== undefined) this.#line(`millrace ${this.#command}: ${text}`);
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

  /** Exactly one line on stderr. */
  failed(error: unknown): void {
    this.#machine('failed', { error: MillraceError.from(error).toJSON() });
    this.#line(`millrace ${this.#command}: failed: ${errorLine(error)}`);
  }

  /** Whatever found its way into the text: a line is a line. */
  #line(text: string): void {
    this.#output.stderr(`${this.#statsShown ? CLEAR_LINE : ''}${visible(text)}\n`);
    this.#statsShown = false;
  }

  #machine(event: string, facts: Readonly<Record<string, unknown>>): void {
    if (!this.#json) return;
    this.#output.stdout(`${visibleJson({ event, time: new Date().toISOString(), ...facts })}\n`);
  }
}
