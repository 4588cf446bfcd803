import type { MillraceError } from '../errors/millrace-error.js';
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
      /** The engine has a directory, and this job keeps nothing in it: its guarantee needs no store. */
      readonly kind: 'store-unused';
      readonly job: string;
      readonly dir: string;
    };
