import type { MarkerQuestion } from '../../../protocol/session/proof/session-proof.js';

/**
 * Subscriptions by which a session is told (R5a, R5c): nobody publishes to them, and the answer to UNSUBSCRIBE says whether the session
 * had one. They are numbered, and each is asked for at most once in each sense:
 * M1. Those from `next` up to `end` (exclusive) were granted and never asked for: a session that does not have the next one is not ours,
 *     or was lost.
 * M2. Those below `next` may have been asked for. A crash or a cut may have come before the broker saw it, so that it says nothing
 *     whether the session still has them. They are never subscribed to again.
 * M3. Those in `gone` are confirmed gone: the broker has answered for them. A session that has one went back to an earlier time. A
 *     marker is taken out of `gone`, durably, before it is asked for: the question takes it away, so that a second one would hear that
 *     it is gone.
 */
export interface SessionMarkers {
  /** In their filters, so that nobody else has one of them. Another one for each set that is begun anew. */
  readonly nonce: string;
  /** The lowest that was never asked for (M1). */
  readonly next: number;
  /** One above the highest that was granted (M1). */
  readonly end: number;
  /** Ascending. */
  readonly gone: readonly number[];
}

/**
 * Markers that one resume takes from those it has. The first is the proof. The second is for the resume after the next: should that one
 * be cut off amid its question, its marker in `gone` is used up, and the one behind it must not be older than this resume.
 */
const SPENT = 2;
/** Markers kept at the broker. It takes as many crashes in a row, each amid a question, as this is times `SPENT` to use all. */
export const KEPT = 4 * SPENT;
/** Older ones than these tell of nothing that a newer one does not tell. */
const MOST_GONE = 2 * SPENT;

/** A filter that nobody else has. Nothing is ever published to it. */
export const markerFilter = (nonce: string, index: number | 'none'): string => `millrace/session/${nonce}/${index}`;

/** What is asked at the next resume; undefined when nothing is left to ask. */
export const markerQuestion = (markers: SessionMarkers): MarkerQuestion | undefined => {
  const { nonce, gone } = markers;
  const filterOf = (index: number): string => markerFilter(nonce, index);
  const question = { held: spentBy(markers).map(filterOf), gone: gone.slice(-1).map(filterOf) };
  return question.held.length + question.gone.length === 0 ? undefined : question;
};

/** To be durable before the question is asked: what it asks for is used up (M2, M3). */
export const spendMarkers = (markers: SessionMarkers): SessionMarkers => ({
  ...markers,
  next: markers.next + spentBy(markers).length,
  gone: markers.gone.slice(0, -1),
});

/** After the answer to the question that `asked` would have led to: what it asked for is gone. */
export const confirmMarkers = (asked: SessionMarkers, markers: SessionMarkers): SessionMarkers => ({
  ...markers,
  gone: [...markers.gone, ...spentBy(asked)].slice(-MOST_GONE),
});

const spentBy = ({ next, end }: SessionMarkers): readonly number[] =>
  Array.from({ length: Math.min(SPENT, end - next) }, (_, offset) => next + offset);
