/**
 * A small value of a source or sink that is written at once, apart from the ticks: what must be durable before a CONNECT (R5a, R6a)
 * or before a lost session is gone over (R5). Values are what structured clone takes.
 */
export interface DurableRecord {
  /** What was put last, in this process or an earlier one; undefined when nothing was. */
  readonly value: unknown;
  /**
   * Resolves when it is durable; undefined removes it. Puts apply in order. After a rejection its outcome is unknown: the connection
   * whose record it is fails, and so does the job's run (R13).
   */
  put(value: unknown): Promise<void>;
  /**
   * Writes nothing but that the store is still ours, and resolves when that is durable. It rejects as `put`, with STORE_FENCED when another
   * owner has taken the store over. Absent: nobody can while this process has it.
   */
  readonly renew?: (() => Promise<void>) | undefined;
}
