import type { ToldError } from './told-error.js';

/** What a job is to do, on all its nodes. `failed`: one of them could not go on, and neither could another. */
export type DesiredState =
  | { readonly status: 'running' | 'suspended' | 'completed' | 'cancelled' }
  | { readonly status: 'failed'; readonly error: ToldError };

/** How a generation of a job has stopped. */
export interface Stop {
  readonly generation: number;
  /** All that was in flight was delivered, or stored, before it stopped. */
  readonly delivered: boolean;
}

/**
 * What a job is to do, with what somebody has to know who saw nothing of it for a while: a watch may leave out all but the last of it, and
 * who waits for a stop or an end waits for that one, and not for a later one.
 */
export interface Desired {
  readonly state: DesiredState;
  /** From 1; grows each time the job goes on from a stop: it was resumed, or begun again. */
  readonly generation: number;
  /** The last stop from which it went on. */
  readonly stop: Stop | undefined;
  /** The last end from which it was begun again, and the generation that had it. */
  readonly end: { readonly generation: number; readonly state: DesiredState } | undefined;
}

/** What a job is to do, as it stood at a revision. */
export interface SeenDesired {
  readonly desired: Desired;
  readonly revision: number;
}

/** What somebody wants a job to do. */
export interface Ask {
  readonly state: DesiredState;
  /** The one that the asker knows: an end that came behind it is not undone. */
  readonly generation: number;
  /** Of a resume: as in the stop that it goes on from. */
  readonly delivered?: boolean;
}

/** Of a job of which nothing was asked yet. */
export const FIRST_DESIRED: Desired = {
  state: { status: 'running' },
  generation: 1,
  stop: undefined,
  end: undefined,
};

/** What has ended does not go on, and what has failed has not completed. */
const RANKS: Readonly<Record<DesiredState['status'], number>> = {
  running: 0,
  suspended: 1,
  completed: 2,
  cancelled: 3,
  failed: 3,
};

/** The job is to have an end; what begins it again is a new life. */
export const isEnd = ({ status }: DesiredState): boolean => RANKS[status] >= RANKS.completed;

/**
 * What is desired when that is asked for; undefined: it changes nothing, for it is so, or the job comes to an end, or has had one since.
 */
export function nextDesired(stored: Desired, { state, generation, delivered = false }: Ask): Desired | undefined {
  if (stored.end !== undefined && stored.end.generation >= generation) return undefined;
  if (state.status !== 'running')
    return RANKS[state.status] > RANKS[stored.state.status] ? { ...stored, state } : undefined;
  if (stored.state.status !== 'suspended') return undefined;
  const stop = { generation: stored.generation, delivered: delivered && generation === stored.generation };
  return { ...stored, state, generation: stored.generation + 1, stop };
}

/**
 * What is desired when a node brings the job; undefined: as it is. One that has failed is tried again. One that was completed or cancelled
 * was ended on purpose, and a node that is started again for whatever reason does not undo that.
 * @param again it is to be begun again in any case
 */
export function begunAgain(stored: Desired, again: boolean): Desired | undefined {
  const { state, generation } = stored;
  if (!isEnd(state) || (state.status !== 'failed' && !again)) return undefined;
  const stop = { generation, delivered: false };
  return { state: { status: 'running' }, generation: generation + 1, stop, end: { generation, state } };
}
