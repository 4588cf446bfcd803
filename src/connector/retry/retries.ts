import { isFunctionMistake } from '../../errors/function-mistake.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { isPowerOfTwo } from '../../internal/is-power-of-two.js';
import { type DiagnosticData, publishDiagnostic } from '../../metrics/diagnostics.js';
import type { Counter, Metrics } from '../../metrics/metrics.js';
import { type ClassifyErrorFn, classifyError } from './classify-error.js';
import type { RetryStrategy } from './retry-strategy.js';
import { retryWait } from './retry-wait.js';

/** When calls are tried again. */
export interface RetryRules {
  /** How often, and after which waits. */
  readonly retryStrategy: RetryStrategy;
  /** The user's own answer, which comes first. */
  readonly classifyErrorFn: ClassifyErrorFn | undefined;
}

/** Whose calls they are. */
export interface RetriedPart {
  /** As metrics have it. */
  readonly kind: 'source' | 'sink' | 'stage';
  /** That of the source, sink or stage. */
  readonly name: string;
  /** Whoever is given its errors says whose they are, so that their messages do not. */
  readonly isNamed?: boolean;
  /** That it is used in. */
  readonly job: string;
  /** Where retries are counted. */
  readonly metrics: Metrics;
}

/** What follows a failed call: another try after a wait, or none, and why not. */
export type Verdict =
  | { readonly kind: 'again'; readonly waitMs: number }
  | {
      /** `misruled`: the strategy or the classifier is broken, so nothing is known about the call. */
      readonly kind: 'permanent' | 'exhausted' | 'misruled';
      readonly error: MillraceError;
    };

/**
 * The calls of one part that may fail, and what is said of it. An outage begins with the first failure and ends when all that failed got
 * through, or was given up: `millrace:retrying` is told at its failures number 1, 2, 4, 8 and so on, so that a long one is told rarely,
 * and `millrace:retry-over` once behind it. `millrace_retries_total` and `millrace_retrying` have the same as figures. The strategy counts
 * the failures of each function by itself: one that opens a connection takes no tries away from one that uses it.
 *
 * It has no timer and calls nothing: whoever has it makes the call, tells how it went, and waits as the verdict says. So every part waits
 * in a way that its own end can cut. Invariants:
 * RT1. Each `retrying` is followed by one `retry-over`, whatever becomes of the part: who ends it calls `over`.
 * RT2. A function that got through begins anew; `beginAnew` does so for all where other calls are to be made, and leaves the outage as it
 *     is.
 * RT3. A strategy or a classifier that is itself broken is told as such, and not taken for the failure of a call: `misruled`.
 */
export class Retries {
  readonly #part: RetriedPart;
  readonly #rules: RetryRules;
  readonly #counter: Counter;
  /** In a row, by function, or by call where several of a function are under way at once. */
  readonly #attempts = new Map<string, number>();
  /** Of this outage. */
  #failures = 0;
  /** By `performance.now()`: when the first of them was. */
  #sinceMs = 0;

  constructor(part: RetriedPart, rules: RetryRules) {
    const { kind, name, metrics } = part;
    this.#part = part;
    this.#rules = rules;
    const labels = { [kind]: name };
    this.#counter = metrics.counter('millrace_retries_total', 'Failed calls that were tried again', labels);
    metrics
      .gauge('millrace_retrying', '1 while a failed call is tried again', labels)
      .collect(() => (this.#failures > 0 ? 1 : 0));
  }

  /** The words for the part in messages: `sink "rows"`. */
  get part(): string {
    return `${this.#part.kind} "${this.#part.name}"`;
  }

  /** What follows, now that a call of this function has thrown. `one` tells it from others of the function at the same time. */
  failed(call: string, thrown: unknown, one = call): Verdict {
    const attempt = (this.#attempts.get(one) ?? 0) + 1;
    const error = isFunctionMistake(thrown)
      ? this.#named(thrown)
      : MillraceError.from(thrown, 'USER_FUNCTION_FAILED', `${call} of ${this.part}`, CALL_ADVICE);
    const bare = this.#part.isNamed ? MillraceError.from(thrown, 'USER_FUNCTION_FAILED') : error;
    const verdict = this.#judge(thrown, bare, attempt);
    if (verdict.kind !== 'again') return verdict;
    this.#attempts.set(one, attempt);
    if (this.#failures === 0) this.#sinceMs = performance.now();
    this.#failures += 1;
    this.#counter.add();
    if (isPowerOfTwo(this.#failures)) this.#tell({ call, attempt, waitMs: verdict.waitMs, error: error.toJSON() });
    return verdict;
  }

  /** Of this function a call got through, or this one of several. */
  passed(one: string): void {
    this.#attempts.delete(one);
    if (this.#attempts.size === 0) this.over('passed');
  }

  /** The call is given up, others of the part go on. */
  gaveUp(one: string): void {
    this.#attempts.delete(one);
    if (this.#attempts.size === 0) this.over('given-up');
  }

  /** The strategy begins anew, with other calls; the outage goes on. */
  beginAnew(): void {
    this.#attempts.clear();
  }

  /** All got through, what failed was given up, or the part is at its end: the next failure begins another outage. */
  over(outcome: 'passed' | 'given-up' | 'closed'): void {
    if (this.#failures === 0) return;
    const { job } = this.#part;
    const elapsedMs = Math.round(performance.now() - this.#sinceMs);
    publishDiagnostic('retry-over', { job, part: this.part, outcome, failures: this.#failures, elapsedMs });
    this.#failures = 0;
    this.#attempts.clear();
  }

  #judge(thrown: unknown, error: MillraceError, attempt: number): Verdict {
    const { retryStrategy, classifyErrorFn } = this.#rules;
    try {
      if (classifyError(thrown, classifyErrorFn) === 'permanent') return { kind: 'permanent', error };
    } catch (broken) {
      return { kind: 'misruled', error: this.#named(broken) };
    }
    const wait = retryWait(retryStrategy, attempt, error);
    if (typeof wait === 'number') return { kind: 'again', waitMs: wait };
    const isEnd = wait === error || wait.code === 'RETRIES_EXHAUSTED';
    return isEnd ? { kind: 'exhausted', error: wait } : { kind: 'misruled', error: this.#named(wait) };
  }

  /** An error that knows the function, and not whose it is. */
  #named(thrown: unknown): MillraceError {
    const error = MillraceError.from(thrown);
    if (this.#part.isNamed) return error;
    const { code, message, cause, advice, details } = error;
    return new MillraceError(code, `${this.part}: ${message}`, {
      cause,
      details,
      ...(advice === undefined ? {} : { advice }),
    });
  }

  #tell(facts: Omit<DiagnosticData<'retrying'>, 'job' | 'part' | 'failures'>): void {
    publishDiagnostic('retrying', { job: this.#part.job, part: this.part, failures: this.#failures, ...facts });
  }
}

const CALL_ADVICE =
  'Mend the function, or what it uses. Whether it is tried again it says by throwing a TransientError or a PermanentError, or classifyErrorFn says it.';
