import { MillraceError } from '../../errors/index.js';

/** @param reason as `cancel` was given it */
export const cancelled = (job: string, reason: unknown): MillraceError =>
  new MillraceError('ABORTED', `job "${job}" was cancelled`, reason === undefined ? {} : { cause: reason });

/** It has ended here all the same. */
export const cancelledUnheard = (job: string): MillraceError =>
  new MillraceError(
    'CLUSTER_UNREACHABLE',
    `job "${job}" was cancelled at this node, and the others may not have heard of it`,
    {
      advice: 'Cancel it at another node, or start it here again when the servers answer, and cancel it then.',
    },
  );

export const left = (job: string): MillraceError =>
  new MillraceError('ABORTED', `this node has left job "${job}", which goes on at the others`);

export const superseded = (job: string): MillraceError =>
  new MillraceError('STORE_LOCKED', `another process takes part in job "${job}" under this node's id`, {
    advice: 'Give each process a nodeId of its own, or leave it out.',
  });
