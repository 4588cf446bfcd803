import type { MillraceError } from '../../errors/millrace-error.js';
import type { OperatorWarnings } from '../../metrics/warnings/operator-warnings.js';
import type { JobRunOptions } from '../opening/job-run-options.js';
import type { OpeningSink } from '../opening/opening-sink.js';
import type { RunParts } from '../opening/run-parts.js';
import { type StoppedEarly, stoppedEarlyWords } from '../run/stopped-early.js';
import type { JobEvent } from './job-event.js';
import type { ResolvedJobOptions } from './job-options.js';
import type { JobStatus } from './job-status.js';
import { tellObserver } from './tell-observer.js';

/** Whom a job tells, and of what. */
export interface JobTellerParts {
  /** Its name, its observer and its metrics. */
  readonly options: ResolvedJobOptions;
  /** Its guarantee. */
  readonly run: Pick<JobRunOptions, 'guarantee'>;
  /** Undefined: nothing is said as a warning. */
  readonly warnings: OperatorWarnings | undefined;
}

/** What a job tells of its life: its observer by events, who operates it by warnings. It decides nothing. */
export class JobTeller {
  readonly #parts: JobTellerParts;

  constructor(parts: JobTellerParts) {
    this.#parts = parts;
  }

  status(status: JobStatus, error: MillraceError | undefined): void {
    const { options, warnings } = this.#parts;
    if (status === 'STARTING') warnings?.starting();
    else warnings?.started();
    this.#tell({ kind: 'status', job: options.name, status, error });
  }

  restarting(error: MillraceError, attempt: number, waitMs: number): void {
    this.#tell({ kind: 'restarting', job: this.#parts.options.name, error, attempt, waitMs });
  }

  /** It runs: what it went on from, and the sinks that are away; inputs go into their outboxes meanwhile. */
  opened({ recovered, opening }: Pick<RunParts, 'recovered' | 'opening'>): void {
    const { name: job, metrics } = this.#parts.options;
    if (recovered !== undefined) {
      const help = 'How long the last start took that went on from the store, connecting included';
      metrics.gauge('millrace_job_recovery_seconds', help, { job }).set(recovered.elapsedMs / 1000);
      this.#tell({ kind: 'recovered', job, ...recovered });
    }
    const away = opening.filter(({ isOpen }) => !isOpen);
    if (away.length > 0) this.#away(away);
  }

  /** Whoever stops it may not look at what that resolves with; `restart` gives nothing. */
  stoppedEarly(early: StoppedEarly): void {
    const { options, run, warnings } = this.#parts;
    this.#tell({ kind: 'stopped-early', job: options.name, ...early });
    const { text, advice } = stoppedEarlyWords(early, run.guarantee);
    warnings?.stoppedEarly(text, advice);
  }

  /** Nothing is told any more. */
  [Symbol.dispose](): void {
    this.#parts.warnings?.[Symbol.dispose]();
  }

  #away(away: readonly OpeningSink[]): void {
    const { name: job } = this.#parts.options;
    this.#tell({ kind: 'sinks-away', job, sinks: away.map(({ sink }) => sink) });
    for (const { sink, opened } of away) {
      opened.then(
        () => this.#tell({ kind: 'sink-open', job, sink }),
        // it fails the run
        () => {},
      );
    }
  }

  #tell(event: JobEvent): void {
    tellObserver(this.#parts.options.onEvent, event);
  }
}
