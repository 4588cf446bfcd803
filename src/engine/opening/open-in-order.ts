import type { SourceReader } from '../../connector/source-reader.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { type Closable, closePorts, type NamedPort } from './close-ports.js';

/** How the ports of a job are opened. */
export interface PortOpening<W extends Closable> {
  /** For messages. */
  readonly job: string;
  /** Begins to open all sinks. */
  readonly writers: () => readonly Promise<NamedPort<W>>[];
  /** Called when all sinks are open, before a source is. */
  readonly onWriters: () => Promise<void>;
  /** Begins to open all sources. */
  readonly readers: () => readonly Promise<NamedPort<SourceReader<unknown>>>[];
  /** Tells those that are still opening to give up. */
  readonly abort: (error: MillraceError) => void;
}

/** The open ends of a job, in the order of its plan. */
export interface OpenPorts<W extends Closable> {
  /** One for each source. */
  readonly readers: readonly NamedPort<SourceReader<unknown>>[];
  /** One for each sink, dead-letter sinks included. */
  readonly writers: readonly NamedPort<W>[];
}

/** Waits for all. When one fails, the others are told to stop by the context's signal and closed as they come. */
export const openAll = async <P extends Closable>(
  opening: readonly Promise<NamedPort<P>>[],
  { job, abort }: Pick<PortOpening<Closable>, 'job' | 'abort'>,
): Promise<readonly NamedPort<P>[]> => {
  try {
    return await Promise.all(opening);
  } catch (error) {
    abort(MillraceError.from(error));
    const outcomes = await Promise.allSettled(opening);
    const open = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    await closePorts(job, open);
    throw error;
  }
};

/** Opens the sinks, then the sources: nothing arrives before there is somewhere to put it. */
export const openInOrder = async <W extends Closable>(opening: PortOpening<W>): Promise<OpenPorts<W>> => {
  const writers = await openAll(opening.writers(), opening);
  try {
    await opening.onWriters();
    return { readers: await openAll(opening.readers(), opening), writers };
  } catch (error) {
    // one that is still opening must not be told as the reason when it is closed
    opening.abort(MillraceError.from(error));
    await closePorts(opening.job, writers);
    throw error;
  }
};
