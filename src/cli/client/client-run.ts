import { MillraceError } from '../../errors/index.js';
import type { ConnectionObserver } from '../job/connection-observer.js';
import { NOT_A_BROKER, troubleError } from '../job/until-running.js';
import type { ClientFlags } from './client-flags.js';

/**
 * Opens what connects. One that does not come about in time is an error: nobody may be there to read what is tried.
 * @param ended aborts when the command has to end
 */
export async function openInTime<T>(
  open: (signal: AbortSignal) => Promise<T>,
  { connectTimeoutMs }: Pick<ClientFlags, 'connectTimeoutMs'>,
  watch: ConnectionObserver,
  ended: AbortSignal,
): Promise<T> {
  watch.tellsPeople = connectTimeoutMs === 0;
  const late = connectTimeoutMs === 0 ? undefined : AbortSignal.timeout(connectTimeoutMs);
  const opening = new AbortController();
  const stop = (): void => opening.abort();
  // not `any`: what is open must not be closed by what limited its opening
  late?.addEventListener('abort', stop, { once: true });
  ended.addEventListener('abort', stop, { once: true });
  if (ended.aborted) stop();
  try {
    const opened = await open(opening.signal);
    watch.tellsPeople = true;
    return opened;
  } catch (error) {
    throw late?.aborted === true && !ended.aborted ? lateError(connectTimeoutMs, watch) : error;
  } finally {
    late?.removeEventListener('abort', stop);
    ended.removeEventListener('abort', stop);
  }
}

function lateError(timeoutMs: number, { troubles }: ConnectionObserver): MillraceError {
  const seconds = timeoutMs / 1000;
  const trouble = troubles.trouble(() => true);
  if (trouble !== undefined) return troubleError(trouble, seconds);
  return troubles.connected.length > 0
    ? new MillraceError('TIMEOUT', `no subscription was granted within ${seconds} s`)
    : new MillraceError('TIMEOUT', `no answer to MQTT within ${seconds} s`, { advice: NOT_A_BROKER });
}
