import type { StageOptions } from './stage-options.js';

/** What a source with ingestion timestamps takes. */
export interface IngestionOptions {
  /**
   * The source is idle once no item has come for so long, in milliseconds, from 1; Infinity: never. Where streams meet, an idle one does not hold the
   * time of the others back. Default 60000.
   */
  readonly idleTimeoutMs?: number;
}

/** What a source with timestamps takes. */
export interface TimestampOptions extends StageOptions, IngestionOptions {
  /**
   * How far a timestamp may be ahead of the clock of this machine, in milliseconds; Infinity: as far as it likes. At one that is further ahead
   * the stage has failed: it would make all items of others late. Default one day.
   */
  readonly maxFutureMs?: number;
}
