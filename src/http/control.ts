import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningJob } from '../engine/job/running-job.js';
import type { ErrorCode } from '../errors/error-code.js';
import { MillraceError } from '../errors/millrace-error.js';
import { type Body, jsonBody } from './answer.js';
import type { ControlAction } from './policy/routes.js';

/** What was asked goes on after the answer: a drain may take its whole time, a resume as long as a broker is away, an export as the state is large. */
const ANSWERED_AFTER_MS = 1000;

/** What was asked of a job, and what has become of it so far. */
export interface ControlAnswer {
  /** 200: it is done; 202: it goes on; 400: what it needs is not in the body; 409: the job is not in the state for it; 503: it cannot be done now. */
  readonly status: number;
  readonly body: Body;
}

/** Does with a job what was asked for. @param told what the body of the request says */
export const controlJob = async (job: RunningJob, action: ControlAction, told: Told): Promise<ControlAnswer> => {
  const asked = ask(job, action, told).then(
    (done) => ({ status: 200, ...done }),
    (error: unknown) => ({ status: statusOf(error), error: MillraceError.from(error).toJSON() }),
  );
  const { status, ...rest } = await Promise.race([asked, sleep(ANSWERED_AFTER_MS, { status: 202 }, { ref: false })]);
  return { status, body: jsonBody({ job: job.name, action, jobStatus: job.status, ...rest }) };
};

type Told = Readonly<Record<string, unknown>>;

/** What is answered besides: of what stops the job, whether everything in flight was delivered, or stored; of an export the snapshot. */
type Done = { readonly delivered: boolean } | { readonly snapshot: Exported } | undefined;
type Exported = Awaited<ReturnType<RunningJob['exportSnapshot']>>;

const ask = async (job: RunningJob, action: ControlAction, { name }: Told): Promise<Done> => {
  switch (action) {
    case 'suspend':
      return { delivered: await job.suspend() };
    case 'drain':
      return { delivered: await job.drain() };
    case 'resume':
      await job.resume();
      return undefined;
    case 'restart':
      await job.restart();
      return undefined;
    case 'export':
      return { snapshot: await job.exportSnapshot(nameIn(name)) };
  }
};

const nameIn = (name: unknown): string => {
  if (typeof name === 'string') return name;
  throw new MillraceError('INVALID_OPTIONS', 'the body has no name of the snapshot that is text', {
    advice: 'Send an object as JSON whose `name` is a string: {"name":"before-1.4"}.',
  });
};

const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  INVALID_OPTIONS: 400,
  INVALID_STATE: 409,
  UNSUPPORTED: 409,
};

const statusOf = (error: unknown): number => (error instanceof MillraceError ? (STATUSES[error.code] ?? 503) : 503);
