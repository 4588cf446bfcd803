import {
  attempt,
  callAtOnce,
  contractBroken,
  type Door,
  owedPromise,
  requireMethods,
  shown,
} from '../../internal/door/door.js';
import { openGuarded } from '../../internal/door/open-guarded.js';
import { isCount } from '../../internal/is-count.js';
import type { SinkProgress, SinkWriter } from '../sink-writer.js';
import { GivenUpNumbers } from './given-up.js';

const METHODS = ['write', 'flush', 'progress', 'ready', 'close'];

/**
 * The door between a sink and whoever drives it: a few comparisons for each batch. What breaks a rule of `SinkWriter` is an error
 * that names the sink and the rule, before an input is acknowledged for it.
 */
class GuardedWriter<T> implements SinkWriter<T> {
  readonly #door: Door;
  readonly #writer: SinkWriter<T>;
  /** By their number in the order of `write`. */
  readonly #givenUp: GivenUpNumbers;
  /** Over all calls of `write`: items are numbered by it. */
  #taken = 0;
  /** That of the last `progress`: it never falls. */
  #delivered = 0;

  constructor(door: Door, writer: SinkWriter<T>) {
    this.#door = door;
    this.#writer = writer;
    this.#givenUp = new GivenUpNumbers(door, 'progress-rejected', 0);
  }

  write(items: readonly T[]): number {
    const taken = attempt(this.#door, () => this.#writer.write(items));
    // what was not taken is offered again: a wrong number loses items or doubles them
    if (!isCount(taken) || taken > items.length) {
      throw contractBroken(this.#door, 'write-count', `write gave ${shown(taken)} for ${items.length} items`);
    }
    this.#taken += taken;
    return taken;
  }

  flush(): void {
    callAtOnce(this.#door, 'flush', () => this.#writer.flush());
  }

  progress(): SinkProgress {
    const progress = attempt(this.#door, () => this.#writer.progress());
    const delivered = progress?.delivered;
    const rejected = progress?.rejected;
    // inputs are acknowledged by it
    if (!isCount(delivered) || delivered < this.#delivered || delivered > this.#taken) {
      const gave = `progress says ${shown(delivered)} delivered after ${this.#delivered}, of ${this.#taken} taken`;
      throw contractBroken(this.#door, 'progress-delivered', gave);
    }
    if (!Array.isArray(rejected)) {
      throw contractBroken(this.#door, 'progress-rejected', `progress gave ${shown(rejected)} for rejected`);
    }
    // against the prefix before: a rejected item counts as delivered with the very call that reports it
    for (const { index, letter } of progress.rejected) this.#givenUp.report({ number: index, letter }, this.#taken);
    this.#delivered = delivered;
    this.#givenUp.deliveredTo(delivered);
    return progress;
  }

  ready(): Promise<void> {
    return owedPromise(this.#door, 'ready', () => this.#writer.ready());
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }
}

/** Opens a sink and guards it. It rejects with CONTRACT_BROKEN when that gives no `SinkWriter`. */
export const openWriter = <T>(name: string, open: () => PromiseLike<SinkWriter<T>>): Promise<SinkWriter<T>> => {
  const door: Door = { contract: 'SinkWriter', owner: `sink "${name}"` };
  return openGuarded(door, open, (writer) => {
    requireMethods(door, writer, METHODS);
    return new GuardedWriter(door, writer);
  });
};
