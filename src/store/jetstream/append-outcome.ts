import { API_CODES, type ApiError, apiErrorKind } from '../../nats/index.js';

/** What an attempt to publish came to. */
export type PublishAnswer =
  | { readonly kind: 'ack'; readonly seq: number; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly error: ApiError }
  /** Nobody answered, or the connection was lost: it may be in, or get in yet. */
  | { readonly kind: 'silence' };

/** What is known of a record after that. */
export type AppendOutcome =
  | 'in'
  /** Another one stands at its place: it is not in, and never will be. */
  | 'fenced'
  /** It is not in, for there is no room. */
  | 'full'
  /** The record at its place tells. */
  | 'look'
  /** Nothing is known: the same is published again, with the same expectation, which lets in one copy at most. */
  | 'again';

/** Of which attempt. */
export interface AttemptedAppend {
  /** The seq that its last message has, if it is in. */
  readonly end: number;
  /** An earlier attempt has no answer: a copy of it may be in, or on its way. */
  readonly uncertain: boolean;
}

/**
 * What an answer says about a record. Only an acknowledgement of its very place says that it is in. A stream that is full refuses this
 * copy, which says nothing about an earlier one. All that is not known is unknown.
 */
export const outcomeOfAnswer = (answer: PublishAnswer, { end, uncertain }: AttemptedAppend): AppendOutcome => {
  switch (answer.kind) {
    case 'silence':
      return 'again';
    case 'ack':
      return answer.seq === end && !answer.duplicate ? 'in' : 'look';
    case 'refused': {
      if (answer.error.err_code === API_CODES.wrongLastSequence) return 'look';
      if (apiErrorKind(answer.error) !== 'full') return 'again';
      return uncertain ? 'look' : 'full';
    }
  }
};

/** What stands at the place of a record, or behind it where that was trimmed. */
export interface FoundMessage {
  readonly seq: number;
  /** Of whoever wrote it: each append has one that no other has. */
  readonly mark: string;
}

/**
 * What the place says at which a record would stand: one that is taken never changes. That nothing is there says nothing: who was asked
 * may be behind, and a copy on its way. Where only something behind it is left, whoever has no copy on its way is not in.
 */
export const outcomeOfPlace = (
  found: FoundMessage | undefined,
  { place, mark, uncertain }: { readonly place: number; readonly mark: string; readonly uncertain: boolean },
): AppendOutcome => {
  if (found === undefined || found.seq < place) return 'again';
  if (found.seq > place) return uncertain ? 'again' : 'fenced';
  return found.mark === mark ? 'in' : 'fenced';
};

/** Whether a copy may be in, or get in, after this answer. */
export const staysUncertain = (answer: PublishAnswer): boolean =>
  !(answer.kind === 'refused' && answer.error.err_code === API_CODES.wrongLastSequence);
