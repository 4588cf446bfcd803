/** What was found of one thing that a cluster needs. */
export interface Finding {
  readonly check: 'servers' | 'jetstream' | 'account' | 'replicas' | 'max-payload' | 'sync-interval';
  /** `problem`: a job will not run, or not be safe. `unknown`: it could not be looked at. */
  readonly verdict: 'fine' | 'warning' | 'problem' | 'unknown';
  readonly text: string;
  readonly advice?: string | undefined;
}
