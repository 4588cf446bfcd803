import { MillraceError } from '../../errors/index.js';
import { listenForStop } from '../job/signal-drain.js';

/** Ends a command that would go on: by SIGINT or SIGTERM, or since its time is up. A second signal ends the process. */
export interface Ending extends Disposable {
  /** Aborts when it is to end. */
  readonly signal: AbortSignal;
  /** undefined as long as it goes on. */
  readonly why: NodeJS.Signals | 'timeout' | undefined;
}

/** @param timeoutMs undefined: it has all the time */
export function listenForEnd(timeoutMs: number | undefined): Ending {
  const stop = listenForStop();
  const controller = new AbortController();
  let why: Ending['why'];
  const end = (reason: NodeJS.Signals | 'timeout'): void => {
    why ??= reason;
    controller.abort(new MillraceError('ABORTED', 'stopped before its end'));
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), timeoutMs);
  void stop.requested.then(end);
  return {
    signal: controller.signal,
    get why() {
      return why;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      stop[Symbol.dispose]();
    },
  };
}
