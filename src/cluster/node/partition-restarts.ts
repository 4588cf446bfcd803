import { type FailedRun, type ResolvedRestart, RestartPolicy, wentWell } from '../../engine/job/restart-policy.js';
import type { MillraceError } from '../../errors/index.js';

/** What is done about a run of a partition that failed. */
export type AfterFailure =
  /** It is opened again here. */
  | { readonly type: 'again'; readonly waitMs: number }
  /** This node could not open it so often in a row, for reasons of its own. */
  | { readonly type: 'unfit'; readonly failures: number }
  /** It would fail anywhere. */
  | { readonly type: 'failed' };

/** What ends with the outage of the servers, however long that is. */
const OUTAGES: ReadonlySet<string> = new Set(['CLUSTER_UNREACHABLE', 'STORAGE_FAILED']);
/** So many failures in a row that are this node's alone are no accident. */
const UNFIT_AFTER = 3;

/**
 * Says what is done about each run of one partition that failed. What may pass anywhere counts as for any job; an outage of the servers,
 * and what is wrong at this node alone, are no reason to give the job up. Pure.
 */
export class PartitionRestarts {
  readonly #counted: RestartPolicy;
  readonly #patient: RestartPolicy;
  #local = 0;

  constructor(restart: ResolvedRestart) {
    this.#counted = new RestartPolicy(restart);
    this.#patient = new RestartPolicy({ ...restart, maxAttempts: Number.POSITIVE_INFINITY });
  }

  /** @param isLocal it came from this node's own storage */
  after(error: MillraceError, ran: FailedRun, isLocal: boolean): AfterFailure {
    if (!isLocal) {
      this.#local = 0;
      return again(OUTAGES.has(error.code) ? this.#patient.again(ran) : this.#counted.after(error, ran));
    }
    this.#local = wentWell(ran) ? 1 : this.#local + 1;
    const failures = this.#local;
    if (failures < UNFIT_AFTER) return again(this.#patient.again(ran));
    this.#local = 0;
    return { type: 'unfit', failures };
  }
}

const again = (waitMs: number | undefined): AfterFailure =>
  waitMs === undefined ? { type: 'failed' } : { type: 'again', waitMs };
