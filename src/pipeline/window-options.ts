import type { SinkDefinition } from '../connector/sink.js';
import type { StageOptions } from './stage-options.js';
import type { StateCodec } from './state-codec.js';

/** How a window stage keeps its accumulators, and what becomes of late items. */
export interface WindowOptions<T, A> extends StageOptions {
  /** That of an accumulator. Default: `StateCodecs.structuredClone()`, version 0. */
  readonly codec?: StateCodec<A>;
  /** Takes the items all windows of which have ended. Default: they are dropped. They are counted either way. */
  readonly lateItems?: SinkDefinition<T>;
}
