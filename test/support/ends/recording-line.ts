import type { SourceLine } from '../../../src/source/source-line.js';

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
    inboundIdRuns: (): Uint16Array => new Uint16Array(),
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
