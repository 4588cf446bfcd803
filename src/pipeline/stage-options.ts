import type { OnError } from '../connector/sink.js';

/** What every stage takes that has a function of the user's. */
export interface StageOptions {
  /**
   * What happens to an item that the stage fails at: its function threw, or gave what it must not give. Default `fail`: the job fails at
   * that item. With `skip` it is counted and dropped, with `{ deadLetter }` its letter goes to that sink; of the *input* that it came from
   * nothing is left then, neither outputs nor changes of a state, and the next input is taken.
   */
  readonly onError?: OnError;
}
