import type { ReportedEvent, Reporter } from '../../../job/reporter.js';

/** Tells what is about one route: with its name in front for people, and as `route` for machines. */
export class RouteReporter {
  readonly #reporter: Reporter;
  readonly #route: string;

  constructor(reporter: Reporter, route: string) {
    this.#reporter = reporter;
    this.#route = route;
  }

  tell({ event, text, facts }: ReportedEvent): void {
    const told = text === undefined ? undefined : `${this.#route}: ${text}`;
    this.#reporter.tell({ event, text: told, facts: { route: this.#route, ...facts } });
  }

  failed(error: unknown): void {
    this.#reporter.failed(error, this.#route);
  }
}
