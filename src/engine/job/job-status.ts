import { MillraceError } from '../../errors/millrace-error.js';

/**
 * The states of a job, under Jet's names. `NOT_RUNNING`: before its first run, and while one that failed waits for the next. `STARTING`:
 * its ports are opened. `RUNNING`: all are open, or in a job with a store all but sinks that it has reached before. `SUSPENDED`: everything
 * is closed until `resume`. `COMPLETING`: it drains for good, or its sources have ended. `COMPLETED` and `FAILED`, which is also what
 * `cancel` leaves, are final.
 */
export type JobStatus = 'NOT_RUNNING' | 'STARTING' | 'RUNNING' | 'SUSPENDED' | 'COMPLETING' | 'COMPLETED' | 'FAILED';

/** What moves a job from one state to the next. */
export type JobTransition = 'start' | 'started' | 'suspended' | 'restarting' | 'complete' | 'completed' | 'fail';

/** A missing entry is a transition that cannot happen. COMPLETED and FAILED are final. */
export const JOB_TRANSITIONS: Readonly<Record<JobStatus, Partial<Record<JobTransition, JobStatus>>>> = {
  NOT_RUNNING: { start: 'STARTING', complete: 'COMPLETING', suspended: 'SUSPENDED', fail: 'FAILED' },
  STARTING: {
    started: 'RUNNING',
    suspended: 'SUSPENDED',
    restarting: 'NOT_RUNNING',
    complete: 'COMPLETING',
    fail: 'FAILED',
  },
  RUNNING: { suspended: 'SUSPENDED', restarting: 'NOT_RUNNING', complete: 'COMPLETING', fail: 'FAILED' },
  SUSPENDED: { start: 'STARTING', complete: 'COMPLETING', fail: 'FAILED' },
  COMPLETING: { completed: 'COMPLETED', fail: 'FAILED' },
  COMPLETED: {},
  FAILED: {},
};

/** @throws MillraceError INTERNAL for a transition that the table does not have */
export const nextStatus = (status: JobStatus, transition: JobTransition): JobStatus => {
  const next = JOB_TRANSITIONS[status][transition];
  if (next === undefined) throw new MillraceError('INTERNAL', `a job that is ${status} cannot ${transition}`);
  return next;
};

/** Whether the job will never run again. */
export const isFinal = (status: JobStatus): boolean => status === 'COMPLETED' || status === 'FAILED';
