import type { SourceReader } from '../connector/source.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { OpenPorts } from './job-ports.js';

interface Closable {
  close(): Promise<void>;
}

/** How the ports of a job are opened. */
export interface PortOpening<W extends Closable> {
  /** Begins to open all sinks. */
  readonly writers: () => readonly Promise<W>[];
  /** Begins to open all sources. */
  readonly readers: () => readonly Promise<SourceReader<unknown>>[];
  /** Tells those that are still opening to give up. */
  readonly abort: (error: MillraceError) => void;
}

/** Waits for all. When one fails, the others are told to stop by the context's signal and closed as they come. */
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
export const openPorts = async <W extends Closable>(opening: PortOpening<W>): Promise<OpenPorts<W>> => {
  const writers = await openAll(opening.writers(), opening.abort);
  try {
    return { readers: await openAll(opening.readers(), opening.abort), writers };
  } catch (error) {
    await closeAll(writers);
    throw error;
  }
};
