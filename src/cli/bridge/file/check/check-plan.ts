import { isSharedFilter } from '../../../../mqtt/protocol/topic.js';
import { Subscription } from '../../../../mqtt/source/options/subscription.js';
import { ASKED_EXPIRY, probeBroker } from '../../../client/probe-broker.js';
import { EXIT_CODE } from '../../../exit-code.js';
import type { Reporter } from '../../../job/reporter.js';
import type { BridgePlan, PlannedRoute } from '../plan/bridge-plan.js';
import { possibleLoop } from '../plan/route-loops.js';
import type { Finding } from './finding.js';
import { judgeEnd } from './judge-end.js';
import { judgePlaces } from './judge-places.js';

/** Asks the brokers of a plan what they would do for it, looks at the places that it writes to, tells what it finds, and gives the exit code: 1 with a problem. */
export async function checkPlan({ dir, routes }: BridgePlan, reporter: Reporter): Promise<number> {
  const findings: Finding[] = [];
  const tell = (finding: Finding): void => {
    findings.push(finding);
    const { level, route, end, message } = finding;
    const options = routes.get(route)?.options;
    const where = end === undefined ? '' : ` ${end} ${options?.[end].url}`;
    reporter.tell({ event: 'finding', text: `${level}: ${route}${where}: ${message}`, facts: { ...finding } });
  };
  for (const route of routes.values()) {
    for (const end of ['from', 'to'] as const) {
      const probed = await probeBroker(route.options[end], end === 'from' ? subscriptionsOf(route) : []);
      for (const judged of judgeEnd(route, end, { probed, asked: ASKED_EXPIRY }))
        tell({ ...judged, route: route.name, end });
    }
    for (const judged of await judgePlaces(route, dir)) tell({ ...judged, route: route.name, end: undefined });
    const way = possibleLoop(route, [...routes.values()]);
    if (way !== undefined) tell(loopFinding(route.name, way));
  }
  const problems = findings.filter(({ level }) => level === 'problem').length;
  const text = problems === 0 ? 'the file can run' : `${problems} ${problems === 1 ? 'problem' : 'problems'}`;
  reporter.tell({ event: 'checked', text: `checked: ${text}`, facts: { problems, findings: findings.length } });
  return problems === 0 ? EXIT_CODE.OK : EXIT_CODE.FAILED;
}

/** Whoever joins a group for a moment takes messages from it. Retained messages need not come. */
function subscriptionsOf({ options }: PlannedRoute) {
  const own = options.filters.filter((filter) => !isSharedFilter(filter));
  return own.map((filter) => ({
    ...Subscription.of(filter, options.qos, { retainHandling: 2 }),
    retainAsPublished: true,
    subscriptionIdentifier: undefined,
  }));
}

const loopFinding = (route: string, way: readonly string[]): Finding => ({
  level: 'warning',
  route,
  end: undefined,
  check: 'loop',
  message: `some topics would come back by ${[route, ...way].join(' → ')}: such a message is refused when it comes, and goes to onError`,
});
