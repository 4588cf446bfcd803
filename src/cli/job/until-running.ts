import type { RunningJob } from '../../engine/index.js';
import { MillraceError } from '../../errors/index.js';
import type { ConnectionTrouble } from '../../metrics/warnings/connection-troubles.js';
import type { ConnectionObserver } from './connection-observer.js';

/** What to do where nothing answers as a broker. */
export const NOT_A_BROKER =
  'Check that a broker listens on this port and speaks what the URL says (plain MQTT, TLS, WebSocket). One that knows no MQTT 5.0 may not answer: then --mqtt 4.';

/**
 * A first connection that does not come about is an error here: nobody may be there to read the reconnect messages.
 * @param timeoutMs 0: for ever
 */
export async function untilRunning(job: RunningJob, timeoutMs: number, watch: ConnectionObserver): Promise<void> {
  let late: MillraceError | undefined;
  const onTimeout = (): void => {
    late = startError(timeoutMs, watch);
    // what it fails with, `whenRunning` says
    job.cancel().catch(() => {});
  };
  const timer = timeoutMs === 0 ? undefined : setTimeout(onTimeout, timeoutMs);
  try {
    await job.whenRunning();
  } catch (error) {
    // it was asked to stop before it ran: nothing has failed
    if (late !== undefined || job.status !== 'COMPLETED') throw late ?? error;
  } finally {
    clearTimeout(timer);
  }
}

/** Connections of sources are named so. */
const isSource = (name: string): boolean => name.startsWith('source ');

/** A job with a store waits only for its sources, and for sinks that it has never reached; those are connected before a source is. */
function startError(timeoutMs: number, watch: ConnectionObserver): MillraceError {
  const seconds = timeoutMs / 1000;
  const { troubles } = watch;
  const trouble = troubles.trouble(isSource);
  if (trouble === undefined || (troubles.isConnected(isSource) && !isSource(trouble.name))) {
    const { connected } = troubles;
    if (troubles.isConnected(isSource))
      return new MillraceError('TIMEOUT', `no subscription was granted within ${seconds} s`);
    const place = connected.length === 0 ? '' : ` from one side, while ${connected[0]} is connected`;
    return new MillraceError('TIMEOUT', `no answer to MQTT within ${seconds} s${place}`, { advice: NOT_A_BROKER });
  }
  return troubleError(trouble, seconds);
}

/** The last trouble of a first connection that did not come about. */
export function troubleError(trouble: ConnectionTrouble, seconds: number): MillraceError {
  const advice = trouble.advice ?? (trouble.systemCode === 'ECONNRESET' ? NOT_A_BROKER : undefined);
  return new MillraceError('TIMEOUT', `${trouble.message} (tried for ${seconds} s)`, {
    ...(advice === undefined ? {} : { advice }),
    details: { code: trouble.code, systemCode: trouble.systemCode },
  });
}
