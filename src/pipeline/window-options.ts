import type { SinkDefinition } from '../connector/sink.js';
import type { StageOptions } from './stage-options.js';
import type { StateCodec } from './state-codec.js';

/** How a window stage keeps its accumulators, and what becomes of late items. */
export interface WindowOptions<T, A> extends StageOptions {
  /** That of an accumulator. Default: `StateCodecs.structuredClone()`, version 0. */
  readonly codec?: StateCodec<A>;
  /** Keys with open windows at most, in each partition: at an item of one more the stage has failed (`onError`). Default: there is no bound. */
  readonly maxKeys?: number;
  /** Takes the items all windows of which have ended. Default: they are dropped. They are counted either way. */
  readonly lateItems?: SinkDefinition<T>;
}

/** How `sessionize` keeps sessions. */
export interface SessionizeOptions<T> extends StageOptions {
  /** How many items one session may have: at one more the stage has failed, and the session is as it was. Default 10,000. */
  readonly maxItems?: number;
  /** That of the items of a session. Default: `StateCodecs.structuredClone()`, version 0. */
  readonly codec?: StateCodec<T[]>;
}
