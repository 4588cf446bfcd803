import type { DurableRecord } from '../internal/durable-record.js';

/** What a job with a store gives its sources and sinks besides their committed state. */
export interface DurableContext {
  /** The record of this name, the caller's own: a client of a sink uses its client id. The same object for the same name. */
  record(name: string): DurableRecord;
}
