import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import { CLOSE_WAIT_MS, type Closable, closePorts, type NamedPort } from './close-ports.js';

/** Whose opening it is. */
export interface PortPlace {
  /** For what is told as `millrace:close-failed`. */
  readonly job: string;
  /** For messages: `sink "x"`. */
  readonly part: string;
  /** Tells the opening to give up. */
  readonly signal: AbortSignal;
}

/**
 * Opens a source or a sink. One that was told to give up may have something to end, and is waited for as one that closes is. After that it
 * keeps no job from ending: that is told as `millrace:close-failed`, and what it gives later is closed.
 */
export const openPort = async <P extends Closable>(place: PortPlace, open: () => Promise<P>): Promise<NamedPort<P>> => {
  const { part, signal } = place;
  const opening = open();
  const left = deferred<never>();
  let timer: NodeJS.Timeout | undefined;
  const stopListening = whenAborted(signal, () => {
    timer = setTimeout(() => {
      leave(opening, place);
      left.reject(signal.reason);
    }, CLOSE_WAIT_MS);
  });
  try {
    return { part, port: await Promise.race([opening, left.promise]) };
  } finally {
    stopListening();
    clearTimeout(timer);
  }
};

/** What it fails with later is of no interest: the job has ended. */
const leave = (opening: Promise<Closable>, { job, part }: PortPlace): void => {
  publishDiagnostic('close-failed', { job, part, error: notGivenUp(part).toJSON() });
  opening.then(
    (port) => closePorts(job, [{ part, port }]),
    () => {},
  );
};

const notGivenUp = (part: string): MillraceError =>
  new MillraceError('TIMEOUT', `${part} has not given up its opening within ${CLOSE_WAIT_MS / 1000} s`, {
    advice: 'Have it listen to the `signal` of its context. What it opens later is closed.',
    details: { part },
  });
