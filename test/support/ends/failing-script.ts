import { PermanentError } from '../../../src/errors/index.js';

/** What a call does: nothing of its work, and throws; or all of it, and throws all the same, as when an answer is cut off. */
export type Outcome = 'ok' | 'fails' | 'fails-behind' | 'cannot-pass';

/** What people throw. */
const THROWN: readonly (() => unknown)[] = [
  () => new Error('reset'),
  () => 'text',
  () => undefined,
  () => Object.create(null),
  () => Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
];

/** Outcomes for one call after another; behind the last all goes well. */
export class FailingScript {
  /** Calls that threw. */
  thrown = 0;
  readonly #outcomes: readonly Outcome[];
  #calls = 0;

  constructor(outcomes: readonly Outcome[]) {
    this.#outcomes = outcomes;
  }

  /** Does the work of a call, at once or in a promise, as its outcome says. Where `mayEnd` is false nothing fails for good. */
  call(work: () => void, mayEnd: boolean): void | Promise<void> {
    const number = this.#calls;
    this.#calls += 1;
    const play = (): void => {
      const outcome = this.#outcomes[number] ?? 'ok';
      if (outcome === 'ok' || outcome === 'fails-behind') work();
      if (outcome === 'ok') return;
      this.thrown += 1;
      if (outcome === 'cannot-pass' && mayEnd) throw new PermanentError('not this one');
      throw THROWN[number % THROWN.length]?.();
    };
    return number % 3 === 0 ? play() : Promise.resolve().then(play);
  }
}
