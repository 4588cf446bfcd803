import { bridgeEnds } from '../../bridge-pipeline.js';
import type { PlannedRoute } from '../plan/bridge-plan.js';
import { RouteJob, type RouteSurroundings } from './route-job.js';

/**
 * What follows the end of a route that is not to come back: its filters are unsubscribed, so that the broker queues nothing more for it, and
 * with exactly-once all that is stored goes out, however long its broker is away. Its session stays, and with exactly-once what the
 * directory knows of it: whoever puts the route back goes on with both.
 */
export class RouteEnding {
  readonly #stop = new AbortController();
  readonly #job: RouteJob | undefined;
  /** Resolves with whether all of it was done. Never rejects. */
  readonly done: Promise<boolean>;

  constructor(route: PlannedRoute, around: RouteSurroundings) {
    const change = { filters: [], formerFilters: route.filters, stopAfter: 0 };
    if (route.options.guarantee === 'exactly-once') {
      const job = new RouteJob(route, around, change);
      this.#job = job;
      this.done = job.whenEnded().then(() => !job.failed && !this.#stop.signal.aborted);
    } else {
      this.done = unsubscribe({ ...route, options: { ...route.options, ...change } }, this.#stop.signal, around);
    }
  }

  /** Messages that are stored and not delivered. */
  get stored(): number {
    return this.#job?.job?.metrics().outboxMessages ?? 0;
  }

  /** Gives it up where it stands. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#job?.stop();
    await this.done;
  }
}

async function unsubscribe(
  { options }: PlannedRoute,
  signal: AbortSignal,
  around: RouteSurroundings,
): Promise<boolean> {
  try {
    const open = await bridgeEnds(options).source.open({ signal, warnings: false });
    await open.close();
    return true;
  } catch (error) {
    if (!signal.aborted) around.reporter.failed(error);
    return false;
  } finally {
    around.onEnd();
  }
}
