import type { OpenContext, SourceReader } from '../connector/source.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { AnySinkWriter } from '../pipeline/any-sink.js';
import type { SourcePlan } from '../pipeline/pipeline-plan.js';
import type { OpenPorts, PlannedSink } from './job-ports.js';

interface Closable {
  close(): Promise<void>;
}

/** Opens all at the same time. When one fails, the others are told to stop by the context's signal and closed as they come. */
const openAll = async <T extends Closable>(
  opening: readonly Promise<T>[],
  abort: (error: MillraceError) => void,
): Promise<T[]> => {
  try {
    return await Promise.all(opening);
  } catch (error) {
    abort(MillraceError.from(error));
    const outcomes = await Promise.allSettled(opening);
    await closeAll(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    throw error;
  }
};

/** Closes all; failures to close are not told, since the job's own outcome is what matters. */
export const closeAll = async (ports: readonly Closable[]): Promise<void> => {
  await Promise.allSettled(ports.map((port) => port.close()));
};

/** Opens the sinks, then the sources: nothing arrives before there is somewhere to put it. */
export const openPorts = async (
  planned: { readonly sources: readonly SourcePlan[]; readonly sinks: readonly PlannedSink[] },
  context: OpenContext,
  abort: (error: MillraceError) => void,
): Promise<OpenPorts> => {
  const writers: AnySinkWriter[] = await openAll(
    planned.sinks.map(async ({ sink }) => sink.createWriter(context)),
    abort,
  );
  try {
    const readers: SourceReader<unknown>[] = await openAll(
      planned.sources.map(async ({ source }) => source.createReader(context)),
      abort,
    );
    return { readers, writers };
  } catch (error) {
    await closeAll(writers);
    throw error;
  }
};
