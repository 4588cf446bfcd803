import { Pipeline, Sinks } from 'millrace';
import type { Source } from 'millrace/connector';

/** The key of a number, of so many: in no order. */
export const scatteredKey = (keys: number): ((number: number) => string) => {
  return (number) => `sensor-${(Math.imul(number, 2654435761) >>> 0) % keys}`;
};

/** The key of a number, of so many: one after the other, so that as many numbers have all of them. */
export const nextKey = (keys: number): ((number: number) => string) => {
  return (number) => `sensor-${number % keys}`;
};

/** The sum and the highest value of each key, and an item for each new highest one. */
export function keyedPipeline(source: Source<number>, keyOf: (number: number) => string): Pipeline {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source)
    .groupingKey(keyOf)
    .mapStateful(
      () => ({ count: 0, sum: 0, highest: Number.NEGATIVE_INFINITY }),
      (state, key, number) => {
        const value = (number * 7919) % 1000;
        state.count += 1;
        state.sum += value / 10;
        if (value <= state.highest) return undefined;
        state.highest = value;
        return { key, highest: value };
      },
    )
    .setName('totals')
    .writeTo(Sinks.noop());
  return pipeline;
}
