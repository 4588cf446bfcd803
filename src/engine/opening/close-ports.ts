import { MillraceError } from '../../errors/millrace-error.js';
import { withinMs } from '../../internal/waiting/within-ms.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';

/** What has an end. */
export interface Closable {
  /** May be called at any time, twice too. */
  close(): Promise<void>;
}

/** An open source or sink. */
export interface NamedPort<P extends Closable> {
  /** For messages: `sink "x"`. */
  readonly part: string;
  /** A reader, or a writer. */
  readonly port: P;
}

/** How long the end of one is waited for: longer than a builder's `destroyFn`, which says itself that it did not settle. */
export const CLOSE_WAIT_MS = 10_000;

/**
 * Closes all, at the same time. The job's own outcome is what matters, so nothing that fails here fails the job, and nothing that never
 * settles keeps it from ending; both are told as `millrace:close-failed`. Never rejects.
 */
export const closePorts = async (job: string, ports: readonly NamedPort<Closable>[]): Promise<void> => {
  await Promise.all(ports.map((port) => closePort(job, port)));
};

const closePort = async (job: string, { part, port }: NamedPort<Closable>): Promise<void> => {
  // in an async function, so that one which throws at once rejects as well
  const closing = (async () => port.close())();
  try {
    await withinMs(closing, CLOSE_WAIT_MS, () => notClosed(part));
  } catch (error) {
    publishDiagnostic('close-failed', { job, part, error: MillraceError.from(error).toJSON() });
  }
};

const notClosed = (part: string): MillraceError =>
  new MillraceError('TIMEOUT', `${part} has not closed within ${CLOSE_WAIT_MS / 1000} s`, {
    advice: 'What it holds may still be held by this process.',
    details: { part },
  });
