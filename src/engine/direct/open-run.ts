import { openReader } from '../../connector/guards/guarded-reader.js';
import { openWriter } from '../../connector/guards/guarded-writer.js';
import type { OpenContext } from '../../connector/open-context.js';
import { present } from '../../internal/present.js';
import { compilePipeline } from '../../pipeline/compile/compile-pipeline.js';
import { asyncStages, sourceLanes } from '../opening/assemble-lanes.js';
import { closePorts } from '../opening/close-ports.js';
import { planPorts } from '../opening/job-ports.js';
import { openPort, openPorts } from '../opening/open-ports.js';
import type { RunParts, RunRequest } from '../opening/run-parts.js';
import { TickMachine } from '../tick/tick-machine.js';
import { NO_UNIT } from '../tick/unit.js';
import { DirectCallLane } from './call-lane.js';
import { DirectOutputLane } from './output-lane.js';

/** Opens a run of a job without a store. */
export const openDirectRun = async ({ options, signal, abort, startCall }: RunRequest): Promise<RunParts> => {
  const { job, guarantee, metrics, tallies, maxItemsInFlight, maxBytesInFlight } = options;
  const plan = compilePipeline(options.graph);
  const ports = planPorts(plan);
  const context: OpenContext = { job, guarantee, metrics, signal };
  const { readers, writers } = await openPorts({
    job,
    writers: () =>
      ports.sinks.map(({ name, sink }) =>
        openPort(`sink "${name}"`, () => openWriter(name, () => sink.createWriter(context))),
      ),
    readers: () =>
      plan.sources.map(({ name, source }) =>
        openPort(`source "${name}"`, () => openReader(name, () => source.createReader(context))),
      ),
    abort,
  });
  const sources = sourceLanes({ plan, ports, readers: readers.map(({ port }) => port), tallies });
  const sinks = ports.sinks.map(({ name, rejection }, index) => {
    const { port: writer } = present(writers[index], 'each sink of the plan is open');
    return new DirectOutputLane({ name, writer, rejection, tallies });
  });
  const machine = new TickMachine({
    sources,
    sinks,
    asyncStages: asyncStages({ plan, ports }).map((stage) => new DirectCallLane(stage)),
    maxItemsInFlight,
    maxBytesInFlight,
    acknowledgeOnReceipt: guarantee === 'none',
    tallies,
    unit: NO_UNIT,
    startCall,
  });
  const close = async (): Promise<void> => {
    await closePorts(job, readers);
    await closePorts(job, writers);
  };
  return { machine, sources, sinks, close };
};
