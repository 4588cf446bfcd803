import type { BridgePlan, PlannedRoute } from './bridge-plan.js';

/** A route that begins, and the filters that its session has of another route and is to have no more. */
export interface AddedRoute {
  readonly route: PlannedRoute;
  readonly dropped: readonly string[];
}

/** A route that goes on under its name in another way. */
export interface ChangedRoute {
  readonly before: PlannedRoute;
  readonly after: PlannedRoute;
  /** What differs, by its path in the route: `filters`, `from.url`. */
  readonly facts: readonly string[];
  /** Filters that its session is to have no more. */
  readonly dropped: readonly string[];
}

/** A route that is in the file no more. */
export interface RemovedRoute {
  readonly before: PlannedRoute;
  /** The route that has its session now. */
  readonly heir: string | undefined;
}

/** What leads from one plan to another. A route's name is its identity. */
export interface PlanDifference {
  readonly added: readonly AddedRoute[];
  readonly removed: readonly RemovedRoute[];
  readonly changed: readonly ChangedRoute[];
  /** Not to be touched. */
  readonly same: readonly PlannedRoute[];
}

/** By the facts of the routes alone: what the options of two equal ones are made of may be other objects. */
export function planDifference(before: BridgePlan, after: BridgePlan): PlanDifference {
  const [formers, routes] = [[...before.routes.values()], [...after.routes.values()]];
  const both = routes.flatMap((route) => {
    const former = before.routes.get(route.name);
    return former === undefined ? [] : [{ before: former, after: route, facts: factsThatDiffer(former, route) }];
  });
  return {
    added: routes
      .filter(({ name }) => !before.routes.has(name))
      .map((route) => ({ route, dropped: droppedFilters(formers, route) })),
    removed: formers
      .filter(({ name }) => !after.routes.has(name))
      .map((former) => ({ before: former, heir: routes.find((route) => hasOneSession(route, former))?.name })),
    changed: both
      .filter(({ facts }) => facts.length > 0)
      .map((change) => ({ ...change, dropped: droppedFilters(formers, change.after) })),
    same: both.filter(({ facts }) => facts.length === 0).map(({ after: route }) => route),
  };
}

function factsThatDiffer({ facts: before }: PlannedRoute, { facts: after }: PlannedRoute): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
}

const hasOneSession = (a: PlannedRoute, b: PlannedRoute): boolean =>
  a.from === b.from && a.options.clientId === b.options.clientId;

/** A session is the client's, whatever the route was called that it had. */
function droppedFilters(formers: readonly PlannedRoute[], route: PlannedRoute): readonly string[] {
  const held = formers.find((former) => hasOneSession(former, route))?.filters ?? [];
  return held.filter((filter) => !route.filters.includes(filter));
}
