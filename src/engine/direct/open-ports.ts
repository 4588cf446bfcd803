import { createReader } from '../../connector/create-reader.js';
import { openWriter } from '../../connector/guards/guarded-writer.js';
import type { OpenContext } from '../../connector/open-context.js';
import type { AnySinkWriter } from '../../pipeline/any-sink.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { JobPorts } from '../opening/job-ports.js';
import { type OpenPorts, openInOrder } from '../opening/open-in-order.js';
import { openPort } from '../opening/open-port.js';
import type { RunRequest } from '../opening/run-parts.js';

/** What a job without a store opens. */
export interface DirectPlan {
  /** Names the sources. */
  readonly plan: PipelinePlan;
  /** Has the sinks, those for dead letters too. */
  readonly ports: JobPorts;
}

/** Opens the sinks, waiting for all of them, then the sources. */
export const openDirectPorts = (
  { options, signal, abort }: RunRequest,
  { plan, ports }: DirectPlan,
): Promise<OpenPorts<AnySinkWriter>> => {
  const { job, guarantee, metrics, partition: index, partitions: count } = options;
  const context: OpenContext = { job, guarantee, metrics, signal, partition: { index, count } };
  return openInOrder({
    job,
    writers: () =>
      ports.sinks.map(({ name, sink }) =>
        openPort({ job, part: `sink "${name}"`, signal }, () => openWriter(name, () => sink.createWriter(context))),
      ),
    // there is nothing to note of them
    onWriters: async () => {},
    readers: () =>
      plan.sources.map(({ name, source }) =>
        openPort({ job, part: `source "${name}"`, signal }, () => createReader(name, source, context)),
      ),
    abort,
  });
};
