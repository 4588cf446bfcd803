import type { Engine } from '../../../../engine/index.js';
import { deferred } from '../../../../internal/deferred.js';
import type { Reporter } from '../../../job/reporter.js';
import type { BridgePlan, PlannedRoute } from '../plan/bridge-plan.js';
import { type ChangedRoute, planDifference, type RemovedRoute } from '../plan/plan-difference.js';
import { LoopWatch } from './loop-watch.js';
import { RouteEnding } from './route-ending.js';
import { RouteJob, type RouteSurroundings } from './route-job.js';
import { RouteReporter } from './route-reporter.js';

/**
 * Runs the routes of a plan as jobs of one engine, and takes another plan while they run. Of one route one thing is under way at a time: it
 * runs, or it ends, and a new start waits for that. A route that is the same in both plans is not touched, unless it has failed or was drained.
 */
export class RouteRunner {
  readonly #engine: Engine;
  readonly #reporter: Reporter;
  readonly #loops = new LoopWatch();
  readonly #jobs = new Map<string, RouteJob>();
  readonly #endings = new Map<string, RouteEnding>();
  readonly #over = deferred<void>();
  #plan: BridgePlan;
  #applying = true;
  #stopped = false;

  constructor(plan: BridgePlan, engine: Engine, reporter: Reporter) {
    this.#plan = plan;
    this.#engine = engine;
    this.#reporter = reporter;
  }

  get plan(): BridgePlan {
    return this.#plan;
  }

  get jobs(): readonly RouteJob[] {
    return [...this.#jobs.values()];
  }

  /** Resolves when nothing runs and nothing will by itself: all have failed, or were drained. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  start(): void {
    this.#loops.use([...this.#plan.routes.values()]);
    for (const route of this.#plan.routes.values()) this.#run(route);
    this.#applying = false;
    this.#look();
  }

  /** Goes over to another plan, and tells what that has changed. A stop meanwhile ends it where it stands: what has stopped stays so. */
  async apply(plan: BridgePlan): Promise<void> {
    this.#applying = true;
    const { added, removed, changed, same } = planDifference(this.#plan, plan);
    const leaving = [...removed, ...changed].map(({ before }) => before.name);
    await Promise.all(leaving.map((name) => this.#jobs.get(name)?.stop()));
    if (this.#stopped) return;
    this.#plan = plan;
    this.#loops.use([...plan.routes.values()]);
    for (const route of removed) this.#remove(route);
    await Promise.all(changed.map((change) => this.#change(change)));
    for (const { route, dropped } of added) await this.#restart(route, dropped);
    if (this.#stopped) return;
    const again = same.filter(({ name }) => this.#jobs.get(name)?.ended === true);
    for (const route of again) this.#run(route);
    this.#tellReloaded({
      added: added.map(({ route }) => route.name),
      removed: removed.map(({ before }) => before.name),
      changed: changed.map(({ after }) => after.name),
      again: again.map(({ name }) => name),
      same: same.length - again.length,
    });
    this.#applying = false;
    this.#look();
  }

  /** Gives up what is ending, and starts nothing more; the engine ends the rest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#applying = true;
    for (const job of this.jobs) job.leave();
    await Promise.all([...this.#endings.values()].map((ending) => ending.stop()));
  }

  #run(route: PlannedRoute, formerFilters: readonly string[] = []): void {
    const refuseLoop = this.#loops.guardOf(route.name);
    this.#jobs.set(route.name, new RouteJob(route, this.#around(route), { formerFilters, refuseLoop }));
  }

  async #restart(route: PlannedRoute, formerFilters: readonly string[]): Promise<void> {
    await this.#endings.get(route.name)?.stop();
    if (!this.#stopped) this.#run(route, formerFilters);
  }

  /** Where what is stored is for another client or broker, it goes out before anything else does under the name. */
  async #change({ before, after, facts, dropped }: ChangedRoute): Promise<void> {
    await this.#endings.get(after.name)?.stop();
    if (this.#stopped) return;
    const reporter = new RouteReporter(this.#reporter, after.name);
    reporter.tell({ event: 'changed', text: `changed: ${facts.join(', ')}`, facts: { facts } });
    const isMoved = hasMoved(before, after);
    if (before.options.guarantee !== 'exactly-once' || !(isMoved || isDeliveredElsewhere(before, after))) {
      this.#run(after, dropped);
      // its former session is to be filled no more
      if (isMoved) this.#end(before);
      return;
    }
    const ending = this.#end(before);
    this.#jobs.delete(after.name);
    void ending.done.then((isDone) => {
      // another plan, or the end, may have come meanwhile
      if (isDone && this.#plan.routes.get(after.name) === after) this.#run(withoutSource(before, after), dropped);
      else if (!isDone) this.#tellKept(before, ending.stored);
      this.#look();
    });
  }

  #remove({ before, heir }: RemovedRoute): void {
    const stored = this.#jobs.get(before.name)?.job?.metrics().outboxMessages ?? 0;
    this.#jobs.delete(before.name);
    if (before.whenRemoved === 'keep' || heir !== undefined) {
      this.#tellKept(before, stored, heir);
      return;
    }
    const ending = this.#end(before);
    void ending.done.then((isDone) => {
      if (!isDone) this.#tellKept(before, ending.stored);
      else
        new RouteReporter(this.#reporter, before.name).tell({
          event: 'removed',
          text: 'removed: what it had read is delivered, its filters are unsubscribed',
          facts: { how: 'drained', stored: 0 },
        });
      this.#look();
    });
  }

  #end(route: PlannedRoute): RouteEnding {
    const ending = new RouteEnding(route, this.#around(route));
    this.#endings.set(route.name, ending);
    void ending.done.then(() => {
      if (this.#endings.get(route.name) === ending) this.#endings.delete(route.name);
    });
    return ending;
  }

  #tellKept({ name, options }: PlannedRoute, stored: number, heir?: string): void {
    const rows = stored === 0 ? '' : `, and ${stored} messages that are stored for ${options.to.url}`;
    const whose = heir === undefined ? '' : `; the session is that of route ${heir} now`;
    const text = `stopped and kept: its session at ${options.from.url}${rows}, until a route of this name is back${whose}`;
    new RouteReporter(this.#reporter, name).tell({ event: 'removed', text, facts: { how: 'kept', stored, heir } });
  }

  #around(route: PlannedRoute): RouteSurroundings {
    return {
      engine: this.#engine,
      drainTimeoutMs: this.#plan.drainTimeoutMs,
      reporter: new RouteReporter(this.#reporter, route.name),
      onEnd: () => this.#look(),
    };
  }

  #look(): void {
    const isAlive = this.jobs.some(({ ended }) => !ended) || this.#endings.size > 0;
    if (!this.#applying && !isAlive) this.#over.resolve();
  }

  #tellReloaded(done: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly string[];
    readonly again: readonly string[];
    readonly same: number;
  }): void {
    const { added, removed, changed, again, same } = done;
    const moves = Object.entries({ added, removed, changed, 'started again': again });
    const words = [
      ...moves.filter(([, names]) => names.length > 0).map(([what, names]) => `${what} ${names.join(', ')}`),
      `${same} as before`,
    ];
    this.#reporter.tell({ event: 'reloaded', text: `reloaded: ${words.join('; ')}`, facts: done });
  }
}

/** It reads in another session. */
const hasMoved = (before: PlannedRoute, after: PlannedRoute): boolean =>
  before.options.clientId !== after.options.clientId || before.from !== after.from;

/** What is stored is for the broker of before, or there will be no store. */
const isDeliveredElsewhere = (before: PlannedRoute, after: PlannedRoute): boolean =>
  before.to !== after.to || after.options.guarantee !== 'exactly-once';

/** Its session is unsubscribed, and all that was read in it is delivered: so its position is of no more use. */
function withoutSource({ options: { clientId } }: PlannedRoute, after: PlannedRoute): PlannedRoute {
  if (clientId === after.options.clientId) return after;
  return { ...after, giveUp: [...after.giveUp, `source ${clientId}`] };
}
