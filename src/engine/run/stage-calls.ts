import { setMaxListeners } from 'node:events';
import { Retries } from '../../connector/retry/retries.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import type { Metrics } from '../../metrics/metrics.js';
import type { AsyncStagePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { Settled } from '../tick/lanes/slot.js';

/** What the calls of a run share. */
export interface StageCallsOptions {
  /** For what is told. */
  readonly job: string;
  /** Where retries are counted. */
  readonly metrics: Metrics;
  /** Aborts with the run: every call, and every wait for the next. */
  readonly signal: AbortSignal;
}

/** Makes the calls of mapAsync stages, each again as its stage says. */
export class StageCalls {
  readonly #options: StageCallsOptions;
  readonly #retries = new Map<AsyncStagePlan, Retries>();
  /** Tells the calls of a stage apart. */
  #made = 0;

  constructor(options: StageCallsOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  make(plan: AsyncStagePlan, item: unknown): Promise<Settled> {
    if (plan.retry.retryStrategy.maxAttempts === 0) return tryOnce(plan, item, { ...this.#options, attempt: 1 });
    this.#made += 1;
    return this.#makeAgain(plan, item, `${this.#made}`);
  }

  async #makeAgain(plan: AsyncStagePlan, item: unknown, one: string): Promise<Settled> {
    const { signal } = this.#options;
    const retries = this.#retriesOf(plan);
    for (let attempt = 1; ; attempt += 1) {
      const settled = await tryOnce(plan, item, { signal, attempt });
      if (settled.kind === 'value') {
        retries.passed(one);
        return settled;
      }
      // it was told to give up, which says nothing of what it needs
      if (signal.aborted) return ended(retries, settled);
      const verdict = retries.failed('mapFn', settled.cause, one);
      if (verdict.kind !== 'again') {
        retries.gaveUp(one);
        return verdict.kind === 'permanent' ? settled : { ...settled, cause: verdict.error };
      }
      await abortableWait(verdict.waitMs, signal);
      if (signal.aborted) return ended(retries, settled);
    }
  }

  #retriesOf(plan: AsyncStagePlan): Retries {
    const known = this.#retries.get(plan);
    if (known !== undefined) return known;
    const { job, metrics } = this.#options;
    const made = new Retries({ kind: 'stage', name: plan.name, isNamed: true, job, metrics }, plan.retry);
    this.#retries.set(plan, made);
    return made;
  }
}

/** With the run its outage is over for all calls of the stage, whichever is the first to see it. */
const ended = (retries: Retries, settled: Settled): Settled => {
  retries.over('closed');
  return settled;
};

interface Try {
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
}

const tryOnce = (plan: AsyncStagePlan, item: unknown, { signal, attempt }: Try): Promise<Settled> => {
  const bounded = plan.timeoutMs !== Number.POSITIVE_INFINITY;
  const called = bounded ? callInTime(plan, item, signal) : invoke(() => plan.call(item, signal));
  return called.then(
    (value) => ({ kind: 'value', value }),
    (cause: unknown) => ({ kind: 'error', cause, attempt }),
  );
};

/** A function that throws at once is as one whose promise rejects. */
const invoke = async (call: () => unknown): Promise<unknown> => call();

/** What settles later is looked at by nobody. */
const callInTime = async (
  { call, timeoutMs }: AsyncStagePlan,
  item: unknown,
  signal: AbortSignal,
): Promise<unknown> => {
  const abort = new AbortController();
  const late = deferred<never>();
  setMaxListeners(0, abort.signal);
  const giveUp = (reason: unknown): void => {
    // before the function is told, which may reject with a word of its own
    late.reject(reason);
    abort.abort(reason);
  };
  const stopListening = whenAborted(signal, () => giveUp(signal.reason));
  const timer = setTimeout(() => giveUp(tooLong(timeoutMs)), timeoutMs);
  try {
    return await Promise.race([invoke(() => call(item, abort.signal)), late.promise]);
  } finally {
    clearTimeout(timer);
    stopListening();
  }
};

const tooLong = (timeoutMs: number): MillraceError =>
  new MillraceError('TIMEOUT', `the call has not settled within ${timeoutMs} ms`, {
    advice: 'Give it more time (timeoutMs), or have it tried again (retryStrategy).',
    details: { timeoutMs },
  });
