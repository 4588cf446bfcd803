import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningJob } from '../engine/job/running-job.js';
import { MillraceError } from '../errors/millrace-error.js';
import { type Body, jsonBody } from './answer.js';
import type { ControlAction } from './policy/routes.js';

/** What was asked goes on after the answer: a drain may take its whole time, a resume as long as a broker is away. */
const ANSWERED_AFTER_MS = 1000;

/** What was asked of a job, and what has become of it so far. */
export interface ControlAnswer {
  /** 200: it is done; 202: it goes on; 409: the job is not in the state for it; 503: it cannot be done now. */
  readonly status: number;
  readonly body: Body;
}

/** Does with a job what was asked for. */
export const controlJob = async (job: RunningJob, action: ControlAction): Promise<ControlAnswer> => {
  const asked = ask(job, action).then(
    (delivered) => ({ status: 200, ...(delivered === undefined ? {} : { delivered }) }),
    (error: unknown) => ({ status: statusOf(error), error: MillraceError.from(error).toJSON() }),
  );
  const { status, ...rest } = await Promise.race([asked, sleep(ANSWERED_AFTER_MS, { status: 202 }, { ref: false })]);
  return { status, body: jsonBody({ job: job.name, action, jobStatus: job.status, ...rest }) };
};

/** Resolves, of what stops the job, with whether everything in flight was delivered, or stored. */
const ask = async (job: RunningJob, action: ControlAction): Promise<boolean | undefined> => {
  switch (action) {
    case 'suspend':
      return job.suspend();
    case 'drain':
      return job.drain();
    case 'resume':
      await job.resume();
      return undefined;
    case 'restart':
      await job.restart();
      return undefined;
  }
};

const statusOf = (error: unknown): number =>
  error instanceof MillraceError && error.code === 'INVALID_STATE' ? 409 : 503;
