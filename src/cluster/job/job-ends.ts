import { MillraceError } from '../../errors/index.js';

/** @param reason as `cancel` was given it */
export const cancelled = (job: string, reason: unknown): MillraceError =>
  new MillraceError('ABORTED', `job "${job}" was cancelled`, reason === undefined ? {} : { cause: reason });

export const left = (job: string): MillraceError =>
  new MillraceError('ABORTED', `this node has left job "${job}", which goes on at the others`);

export const superseded = (job: string): MillraceError =>
  new MillraceError('STORE_LOCKED', `another process takes part in job "${job}" under this node's id`, {
    advice: 'Give each process a nodeId of its own, or leave it out.',
  });
