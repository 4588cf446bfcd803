import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { errorWords } from '../../internal/error-words.js';
import { foreignText } from '../../internal/visible-text.js';
import { factsOf, textOf } from '../../metrics/warnings/facts.js';
import type { ReportedEvent } from './reporter.js';

/**
 * Passes on that what a source, a sink or a stage calls fails and is tried again: a function of the user's own, or a database. An outage is
 * two lines, as that of a connection: one at its first failure, one when it works again.
 */
export class RetryObserver implements Disposable {
  readonly #tell: (event: ReportedEvent) => void;
  readonly #handlers: readonly (readonly [string, (message: unknown) => void])[] = [
    ['millrace:retrying', (message) => this.#onRetrying(message)],
    ['millrace:retry-over', (message) => this.#onOver(message)],
  ];

  constructor(tell: (event: ReportedEvent) => void) {
    this.#tell = tell;
    for (const [name, handler] of this.#handlers) subscribe(name, handler);
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) unsubscribe(name, handler);
  }

  #onRetrying(message: unknown): void {
    const facts = factsOf(message);
    const why = textOf(factsOf(facts.error), 'message');
    const part = textOf(facts, 'part');
    // an error of ours that the function has thrown does not name it
    const words = foreignText(errorWords(why.includes(part) ? why : `${part}: ${why}`));
    const text = facts.failures === 1 ? `${words}; trying again` : undefined;
    this.#tell({ event: 'retrying', text, facts });
  }

  #onOver(message: unknown): void {
    const facts = factsOf(message);
    const text = facts.outcome === 'passed' ? `${textOf(facts, 'part')} works again` : undefined;
    this.#tell({ event: 'retry-over', text, facts });
  }
}
