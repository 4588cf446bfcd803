import { type Deferred, deferred } from '../../../src/internal/deferred.js';
import type { DurableRecord } from '../../../src/internal/durable-record.js';
import { until } from '../until.js';

/** A put that waits for the test. */
export interface HeldPut {
  readonly value: unknown;
  /** It is durable. */
  apply(): void;
  /** The store refuses it. */
  reject(error: Error): void;
}

/** A durable record in memory. Puts apply at once, unless the test holds them; what is durable is what `value` says. */
export class MemoryRecord implements DurableRecord {
  value: unknown;
  /** Every value that was put, in order. */
  readonly puts: unknown[] = [];
  /** The puts that wait, in order. */
  readonly held: HeldPut[] = [];
  /** Asked for each put by its number from 0. */
  holds: (index: number) => boolean = () => false;

  constructor(value?: unknown) {
    this.value = structuredClone(value);
  }

  put(value: unknown): Promise<void> {
    const index = this.puts.length;
    const copy = structuredClone(value);
    this.puts.push(copy);
    if (!this.holds(index)) {
      this.value = copy;
      return Promise.resolve();
    }
    const gate: Deferred<void> = deferred();
    this.held.push({
      value: copy,
      apply: () => {
        this.value = copy;
        gate.resolve();
      },
      reject: (error) => gate.reject(error),
    });
    return gate.promise;
  }

  /** What another process finds after a crash now. */
  crash(): MemoryRecord {
    return new MemoryRecord(this.value);
  }

  /** The nth held put, once it is there. */
  async heldPut(index = 0): Promise<HeldPut> {
    return until(() => this.held[index], { what: `put ${index} that is held` });
  }
}
