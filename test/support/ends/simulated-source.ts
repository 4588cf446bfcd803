import assert from 'node:assert/strict';
import type { OnError } from '../../../src/connector/index.js';
import {
  defineSource,
  type Polled,
  type Source,
  type SourceReader,
  type SourceSnapshot,
} from '../../../src/connector/index.js';
import { MillraceError } from '../../../src/errors/index.js';
import type { SeededRandom } from '../seeded-random.js';
import type { Traced } from './traced.js';

/** What stands at one position. */
export type Input =
  | { readonly kind: 'item'; readonly position: number; readonly item: Traced }
  | { readonly kind: 'rejected'; readonly position: number; readonly key: string }
  | { readonly kind: 'nothing'; readonly position: number };

/** A source whose inputs arrive when the schedule says so; some are rejected, some positions need nothing. */
export class SimulatedSource implements SourceReader<Traced> {
  readonly index: number;
  readonly definition: Source<Traced>;
  readonly inputs: Input[] = [];
  /** Told of every acknowledgement: inputs up to this position. */
  onCommitted: (upTo: number) => void = () => {};
  /** Positions below this have arrived and can be polled. */
  arrived = 0;
  polled = 0;
  ended = false;
  committedUpTo = -1;

  constructor(index: number, count: number, options: { random: SeededRandom; onError: OnError }) {
    this.index = index;
    const { random, onError } = options;
    for (let position = 0; position < count; position += 1) {
      this.inputs.push(inputAt(index, position, random));
    }
    this.definition = defineSource<Traced>({
      name: `source-${index}`,
      claims: [`source-${index}`],
      defaultGuarantee: 'at-least-once',
      refuse: () => undefined,
      onError,
      createReader: async () => this,
    });
  }

  poll(max: number): Polled<Traced> {
    assert.ok(max >= 1, `asked for ${max} items`);
    const first = this.polled;
    const taken: Input[] = [];
    let items = 0;
    for (
      let input = this.inputs[this.polled];
      input !== undefined && this.polled < this.arrived && items < max;
      input = this.inputs[this.polled]
    ) {
      if (input.kind === 'item') items += 1;
      taken.push(input);
      this.polled += 1;
    }
    return {
      items: taken.flatMap((input) => (input.kind === 'item' ? [input.item] : [])),
      timestampMs: 0,
      first,
      last: this.polled - 1,
      bytes: items * 10,
      rejected: taken.flatMap((input) => (input.kind === 'rejected' ? [rejection(input)] : [])),
      done: this.ended && this.polled === this.inputs.length,
    };
  }

  async ready(): Promise<void> {}

  snapshot(upTo: number): SourceSnapshot {
    assert.ok(upTo >= this.committedUpTo, `upTo fell from ${this.committedUpTo} to ${upTo}`);
    assert.ok(upTo < this.polled, 'nothing is acknowledged before it was polled');
    return { mark: upTo, state: undefined };
  }

  committed(mark: number): void {
    this.committedUpTo = mark;
    this.onCommitted(mark);
  }

  async close(): Promise<void> {}
}

const inputAt = (source: number, position: number, random: SeededRandom): Input => {
  const dice = random.below(20);
  if (dice === 0) return { kind: 'rejected', position, key: `rejected:${source}:${position}` };
  if (dice === 1) return { kind: 'nothing', position };
  return { kind: 'item', position, item: { source, sequence: position, path: `s${source}` } };
};

const rejection = ({ position, key }: Input & { readonly kind: 'rejected' }) => ({ position, letter: letterFor(key) });

/** A dead letter that can be told from others by its topic. */
export const letterFor = (key: string) => ({
  payload: undefined,
  attributes: { topic: key, properties: undefined },
  error: new MillraceError('INVALID_MESSAGE', key),
  attempt: 1,
  timestampMs: 0,
  origin: 'simulated',
});
