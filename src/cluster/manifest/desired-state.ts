import type { ErrorCode } from '../../errors/index.js';

/** What a job is to do, on all its nodes. `failed`: one of them could not go on, and neither could another. */
export type DesiredState =
  | { readonly status: 'running' | 'suspended' | 'completed' | 'cancelled' }
  | { readonly status: 'failed'; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** What has ended does not go on, and what has failed has not completed. */
const RANKS: Readonly<Record<DesiredState['status'], number>> = {
  running: 0,
  suspended: 0,
  completed: 1,
  cancelled: 2,
  failed: 2,
};

/** Whether one may take the place of what is asked for in the same life of the job. */
export const mayFollow = (former: DesiredState, next: DesiredState): boolean =>
  RANKS[next.status] > RANKS[former.status] || (RANKS[next.status] === 0 && RANKS[former.status] === 0);

/** The job is to have an end; what begins it again is a new life. */
export const isEnd = ({ status }: DesiredState): boolean => RANKS[status] > 0;
