import { letterOfItem } from '../../connector/letter-of-item.js';
import { present } from '../../internal/present.js';
import { compilePipeline } from '../../pipeline/compile/compile-pipeline.js';
import { asyncStages, sourceLanes, timerLanes } from '../opening/assemble-lanes.js';
import { closePorts } from '../opening/close-ports.js';
import { planPorts } from '../opening/job-ports.js';
import { closingOnFailure, openServices } from '../opening/open-services.js';
import type { RunParts, RunRequest } from '../opening/run-parts.js';
import { showTimers } from '../opening/show-timers.js';
import { watchEventTime } from '../opening/watch-event-time.js';
import { watchKeys } from '../opening/watch-keys.js';
import { TickLanes } from '../tick/lanes/tick-lanes.js';
import { TickMachine } from '../tick/tick-machine.js';
import { NO_UNIT } from '../tick/unit.js';
import { UnitGate } from '../tick/unit-gate.js';
import { DirectCallLane } from './call-lane.js';
import { DirectCustody } from './custody.js';
import { openDirectPorts } from './open-ports.js';
import { DirectOutputLane } from './output-lane.js';

/** Opens a run of a job without a store, in the order of `RunParts`; E1 to E3 hold. */
export const openDirectRun = async (request: RunRequest): Promise<RunParts> => {
  const { options, startCall } = request;
  const { job, guarantee, tallies, maxItemsInFlight, maxBytesInFlight } = options;
  const plan = compilePipeline(options.graph);
  const ports = planPorts(plan);
  const services = await openServices(request, plan);
  const { readers, writers } = await closingOnFailure({ job, services }, () => openDirectPorts(request, ports));
  const gate = new UnitGate(NO_UNIT);
  const lanes = new TickLanes({
    sources: sourceLanes({ plan, ports, readers: readers.map(({ port }) => port), tallies, isNewOf: () => undefined }),
    asyncStages: asyncStages({ plan, ports }).map((stage) => new DirectCallLane(stage)),
    timedStages: timerLanes({ plan, ports }),
    sinks: ports.sinks.map(({ called, rejection }, index) => {
      const { port: writer } = present(writers[index], 'each sink of the plan is open');
      return new DirectOutputLane({ name: called, writer, rejection, tallies });
    }),
    maxItemsInFlight,
    tallies,
    gate,
    stageRejections: ports.stageRejections,
    letterOf: letterOfItem,
  });
  const custody = new DirectCustody({ lanes, gate, onReceipt: guarantee === 'none' });
  showTimers(options, plan);
  const { processingClock: clock } = plan;
  const eventTime = watchEventTime({ ...options, plan, lanes, gate });
  const keyWatch = watchKeys(options, plan);
  const bounds = { maxItemsInFlight, maxBytesInFlight };
  const machine = new TickMachine({ clock, eventTime, keyWatch, lanes, gate, custody, ...bounds, startCall });
  const close = async (): Promise<void> => {
    // the sources first: nothing more comes in while the sinks end
    await closePorts(job, readers);
    await closePorts(job, writers);
    await closePorts(job, services);
  };
  return { machine, custody, lanes, opening: [], recovered: undefined, close };
};
