import { createReader } from '../../connector/create-reader.js';
import { openWriter } from '../../connector/guards/guarded-writer.js';
import type { OpenContext } from '../../connector/open-context.js';
import type { AnySinkWriter } from '../../pipeline/any-sink.js';
import type { JobPorts } from '../opening/job-ports.js';
import { type OpenPorts, openInOrder } from '../opening/open-in-order.js';
import { openPort } from '../opening/open-port.js';
import type { RunRequest } from '../opening/run-parts.js';

/** Opens the sinks, waiting for all of them, then the sources. */
export const openDirectPorts = (
  { options, signal, abort }: RunRequest,
  ports: JobPorts,
): Promise<OpenPorts<AnySinkWriter>> => {
  const { job, guarantee, metrics, partition: index, partitions: count } = options;
  const context: OpenContext = { job, guarantee, metrics, signal, partition: { index, count } };
  return openInOrder({
    job,
    writers: () =>
      ports.sinks.map(({ called, sink }) =>
        openPort({ job, part: `sink "${called}"`, signal }, () => openWriter(called, () => sink.createWriter(context))),
      ),
    // there is nothing to note of them
    onWriters: async () => {},
    readers: () =>
      ports.sources.map(({ called, source }) =>
        openPort({ job, part: `source "${called}"`, signal }, () => createReader(called, source, context)),
      ),
    abort,
  });
};
