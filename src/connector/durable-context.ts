/**
 * A small value of a source or sink that is written at once, apart from the ticks: what must be durable before a CONNECT (R5a, R6a)
 * or before a lost session is gone over (R5). Values are what structured clone takes.
 */
export interface DurableRecord {
  /** What was put last, in this process or an earlier one; undefined when nothing was. */
  readonly value: unknown;
  /** Resolves when it is durable. After a rejection its outcome is unknown and the job's run ends (R13). Puts apply in order. */
  put(value: unknown): Promise<void>;
}

/** What a job with a store gives its sources and sinks besides their committed state. */
export interface DurableContext {
  /** The record of this name, the caller's own: a client of a sink uses its client id. The same object for the same name. */
  record(name: string): DurableRecord;
}
