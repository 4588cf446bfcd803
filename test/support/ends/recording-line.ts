import type { InboundMemory } from '../../../src/mqtt/protocol/index.js';
import { UNKNOWN_COUNTER } from '../../../src/mqtt/protocol/session/finished/broker-counter.js';
import type { SourceLine } from '../../../src/mqtt/source/source-line.js';

const NO_MEMORY: InboundMemory = {
  finished: new Uint16Array(),
  counter: UNKNOWN_COUNTER,
  digests: [],
};

/** A source's connection that only writes down what it is told. */
export class RecordingLine implements SourceLine {
  readonly accepted: number[] = [];
  readonly completed: number[] = [];
  flushes = 0;
  reading = true;
  closed = 0;

  readonly session = {
    accept: (token: number): void => {
      this.accepted.push(token);
    },
    complete: (token: number): void => {
      this.completed.push(token);
    },
    epoch: 0,
    releasesOwed: 0,
    inboundIdRuns: (): Uint16Array => new Uint16Array(),
    changedInboundMemory: (): InboundMemory => NO_MEMORY,
  };

  flush(): void {
    this.flushes += 1;
  }

  setReading(reading: boolean): void {
    this.reading = reading;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}
