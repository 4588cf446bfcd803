/** What `--check` has found out. `problem`: the route would fail, or break its guarantee; `unknown`: nobody can say before it runs. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem' | 'unknown';
  readonly route: string;
  /** Which broker of the route it is about; undefined: the route as a whole. */
  readonly end: 'from' | 'to' | undefined;
  /** What was looked at: for machines, and closed. */
  readonly check:
    | 'connect'
    | 'version'
    | 'subscribe'
    | 'session'
    | 'qos'
    | 'retain'
    | 'size'
    | 'window'
    | 'publish'
    | 'dir'
    | 'deadLetters'
    | 'loop';
  /** A sentence without its point. */
  readonly message: string;
}
