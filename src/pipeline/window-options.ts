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
