/**
 * What is asked of a session that the server says is present (R5a, R5c), by UNSUBSCRIBE. The filters are gone then, whatever the session
 * had.
 */
export interface MarkerQuestion {
  /** Our session has these; the first is the proof. */
  readonly held: readonly string[];
  /** Our session has these no more: one that does went back to an earlier time. */
  readonly gone: readonly string[];
}

/** What the answers say. `went-back`: it is ours, as it was at an earlier time. */
export type SessionProof = 'ours' | 'not-ours' | 'went-back' | 'unknown';

const SUCCESS = 0x00;
const NO_SUBSCRIPTION_EXISTED = 0x11;

/** The server has answered for the filter, so that the session does not have it now. */
const isAnswer = (reasonCode: number | undefined): boolean =>
  reasonCode === SUCCESS || reasonCode === NO_SUBSCRIPTION_EXISTED;

/**
 * What the answer to an UNSUBSCRIBE of our marker says of the session. Any other code (not authorized, say) is about us and says nothing
 * of it. What was gone and is there speaks first: a session that went back far does not have the newer markers either.
 */
export function sessionProof(
  held: readonly (number | undefined)[],
  gone: readonly (number | undefined)[] = [],
): SessionProof {
  if (gone.includes(SUCCESS)) return 'went-back';
  if (held[0] === NO_SUBSCRIPTION_EXISTED) return 'not-ours';
  return held[0] === SUCCESS && held.every(isAnswer) ? 'ours' : 'unknown';
}
