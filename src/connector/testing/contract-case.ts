/**
 * One case of a contract, as data: give it to whatever runs your tests. It rejects, with an AssertionError of `node:assert` or with what
 * the connector has thrown, when the rule that its name says does not hold.
 */
export interface ContractCase {
  /** The rule that it asks, as a sentence; no other case of the suite has it. */
  readonly name: string;
  /** Why a published limit rules it out: show it as skipped, with the limit. */
  readonly skip: string | undefined;
  /** Runs it once; cases share nothing, and may run side by side where their fixtures may. */
  readonly run: () => Promise<void>;
}
