/** Whether more is to be expected of a stream: `idle` is one of which nothing has come for a while, `ended` one that has no more. */
export type Pace = 'going' | 'idle' | 'ended';

/** How far the event time of a stream has come. */
export interface StreamTime {
  /** No item is to come that is earlier, but for late ones. Negative infinity before the first; it never goes back. */
  readonly watermark: number;
  readonly pace: Pace;
}

/** Something that says it, as of now. */
export type TimeSource = StreamTime;

/** Later than every timer. It is no Infinity, which no timer is set to as well. */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER;

/** What a clock of event time shows: behind the last item all time is over. */
export const timeOf = ({ watermark, pace }: TimeSource): number => (pace === 'ended' ? END_OF_TIME : watermark);
