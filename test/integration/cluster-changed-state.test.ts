import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AggregateOperations, type KeyedStage, Pipeline, type Stage } from '../../src/index.js';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { DEVICES, KeyedRig, lines, type Reading, readings } from '../support/cluster/keyed-rig.js';
import { LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { until } from '../support/until.js';

/** A stage with state in a job of several partitions, whose nodes share what is in memory; the broker is a real one. */
const pipelineOf = (broker: Mosquitto, stage: (keyed: KeyedStage<Reading, string>) => Stage<unknown>): Pipeline => {
  const pipeline = Pipeline.create();
  const keyed = pipeline.readFrom(readings(broker).spread('shared').build()).groupingKey(({ device }) => device);
  stage(keyed).setName('kept').map(String).writeTo(lines(broker));
  return pipeline;
};

it(
  'another kind of stage under the name of one with state is refused in a job of several partitions',
  LIMIT,
  async () => {
    const rig = await KeyedRig.start();
    const first = rig.node(
      pipelineOf(rig.broker, (keyed) =>
        keyed.mapStateful(
          () => ({ seen: 0 }),
          (state, device) => {
            state.seen += 1;
            return `${device} ${state.seen}`;
          },
        ),
      ),
    );
    await first.job.whenRunning();
    await rig.send(1);
    await until(() => rig.seen.length >= DEVICES);
    await first.engine.shutdown();
    const second = rig.node(pipelineOf(rig.broker, (keyed) => keyed.rollingAggregate(AggregateOperations.counting())));
    const error = await rejectsWith('JOB_CHANGED', second.job.join());
    assert.match(
      error.message,
      /stage "kept" has stored the state of functions of your own, and has rollingAggregate by/,
    );
    await second.engine.shutdown();
  },
);
