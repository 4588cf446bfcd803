import type { MillraceError } from '../../errors/millrace-error.js';
import type { Recovered } from '../opening/recovered.js';
import type { StoppedEarly } from '../run/stopped-early.js';
import type { JobStatus } from './job-status.js';

/** What a job tells its owner. */
export type JobEvent =
  | {
      readonly kind: 'status';
      readonly job: string;
      readonly status: JobStatus;
      /** Why, when the job has failed. */
      readonly error: MillraceError | undefined;
    }
  | {
      /** The job has failed and runs again. */
      readonly kind: 'restarting';
      readonly job: string;
      readonly error: MillraceError;
      /** From 1, in a row. */
      readonly attempt: number;
      /** Milliseconds until the next run begins. */
      readonly waitMs: number;
    }
  | ({
      /** A run goes on from what an earlier one, or another process, has stored. */
      readonly kind: 'recovered';
      readonly job: string;
    } & Recovered)
  | {
      /** The job runs, and these sinks are not open yet: what is for them is stored (job with a store, not at its first start). */
      readonly kind: 'sinks-away';
      readonly job: string;
      /** Their names in the job. */
      readonly sinks: readonly string[];
    }
  | {
      /** A sink that was away when the job began to run is open: it delivers what was stored for it. */
      readonly kind: 'sink-open';
      readonly job: string;
      readonly sink: string;
    }
  | ({
      /** `drain`, `suspend` or `restart` has waited its time, and not all was delivered (with a store: stored). */
      readonly kind: 'stopped-early';
      readonly job: string;
    } & StoppedEarly)
  | {
      /** The engine has a store, and this job keeps nothing in it: its guarantee needs none. */
      readonly kind: 'store-unused';
      readonly job: string;
      /** `location` of the provider of stores: a directory, or what stands for it. */
      readonly dir: string;
    };
