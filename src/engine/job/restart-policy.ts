import type { ErrorCode } from '../../errors/error-code.js';
import type { MillraceError } from '../../errors/millrace-error.js';

/** How a job that has failed is run again. */
export interface RestartOptions {
  /**
   * How often in a row; 0: never. A run that completed an input, or of over a minute, begins the count anew. Default 10 in a job with a
   * store, else 0.
   */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds before the first attempt; each further one waits twice as long. Default 1000. */
  readonly minBackoffMs?: number | undefined;
  /** Milliseconds, default 30,000. */
  readonly maxBackoffMs?: number | undefined;
  /** Whether it runs again when a user function has thrown, too: for functions that fail now and then. Default false. */
  readonly userFunctions?: boolean | undefined;
}

/** {@link RestartOptions} with every default applied. */
export interface ResolvedRestart {
  /** In a row. Default 10 with a store, else 0. */
  readonly maxAttempts: number;
  /** Before the first restart, in milliseconds. Default 1,000. */
  readonly minBackoffMs: number;
  /** The wait doubles up to it, in milliseconds. Default 30,000. */
  readonly maxBackoffMs: number;
  /** Whether USER_FUNCTION_FAILED may pass. Default false. */
  readonly userFunctions: boolean;
}

/** A run that has failed. */
export interface FailedRun {
  /** From its start, opening included. */
  readonly ranMs: number;
  /** It has completed an input: the error does not come at once. */
  readonly progressed: boolean;
}

/** A new run opens the store again and recovers, so what was wrong with the last one's file handles is gone (R13). */
const MENDED_BY_REOPENING: readonly ErrorCode[] = ['STORAGE_FAILED', 'STORE_FULL'];
/** A run of this length was not a failing start. */
const GOOD_RUN_MS = 60_000;

/** What it failed with did not come at once. */
export const wentWell = ({ ranMs, progressed }: FailedRun): boolean => progressed || ranMs >= GOOD_RUN_MS;

/** Says whether and when a failed job runs again. Pure. */
export class RestartPolicy {
  readonly #options: ResolvedRestart;
  #attempts = 0;

  constructor(options: ResolvedRestart) {
    this.#options = options;
  }

  /** Restarts in a row so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds until the next run, or undefined when there is none: the error would come again, or came too often. */
  after(error: MillraceError, ran: FailedRun): number | undefined {
    return this.#mayPass(error) ? this.again(ran) : undefined;
  }

  /** The same, where the error may pass in any case. */
  again(ran: FailedRun): number | undefined {
    const { maxAttempts, minBackoffMs, maxBackoffMs } = this.#options;
    if (wentWell(ran)) this.#attempts = 0;
    if (this.#attempts >= maxAttempts) return undefined;
    this.#attempts += 1;
    return Math.min(maxBackoffMs, minBackoffMs * 2 ** (this.#attempts - 1));
  }

  #mayPass({ code, retryable }: MillraceError): boolean {
    return (
      retryable ||
      MENDED_BY_REOPENING.includes(code) ||
      (code === 'USER_FUNCTION_FAILED' && this.#options.userFunctions)
    );
  }
}
