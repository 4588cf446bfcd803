import { closestName } from '../../../../internal/options/closest-name.js';
import { inWords } from '../../../options/in-words.js';
import { type BridgeEnds, bridgeEnds } from '../../bridge-pipeline.js';
import type { BridgeSide } from '../../bridge-side.js';
import type { BridgeOptions } from '../../parse-bridge-options.js';
import { type FileProblem, Problems } from '../read/problem.js';
import type { ReadFile } from '../read/read-bridge-file.js';
import type { FileRoute } from '../shape/bridge-file-shape.js';
import type { BridgePlan, PlannedRoute } from './bridge-plan.js';
import { FileAccess } from './file-access.js';
import { planBroker } from './plan-broker.js';
import { PlanContext } from './plan-context.js';
import { planRoute, refusalOf } from './plan-route.js';
import { certainLoop, wayBack } from './route-loops.js';

/** What a file leads to, or all that stands against it. Reads the files that it names; connects to nothing. */
export function makePlan(read: ReadFile, path: string): BridgePlan | readonly FileProblem[] {
  const problems = new Problems();
  const context = new PlanContext({ ...read, files: new FileAccess(path), problems });
  const { file } = read;
  const sides = new Map([...file.brokers].map(([name, broker]) => [name, planBroker(name, broker, context)]));
  const dir = file.dir === undefined ? undefined : context.files.pathOf(file.dir);
  const routes = new Map<string, PlannedRoute>();
  for (const [name, route] of file.routes) {
    const [from, to] = sidesOf({ name, route }, sides, context);
    if (from !== undefined && to !== undefined) routes.set(name, planRoute({ name, route, from, to, dir }, context));
  }
  tellUnused(file.routes, sides, context);
  // one of them is about what another has refused already
  if (!problems.any) checkEnds(routes, context);
  if (!problems.any) checkLoops(routes, context);
  if (problems.any) return problems.all;
  return { dir, drainTimeoutMs: (file.drainTimeout ?? 10) * 1000, routes, notes: context.notes };
}

function sidesOf(
  { name, route }: { readonly name: string; readonly route: FileRoute },
  sides: ReadonlyMap<string, BridgeSide>,
  context: PlanContext,
): readonly [BridgeSide | undefined, BridgeSide | undefined] {
  const sideOf = (end: 'from' | 'to'): BridgeSide | undefined => {
    const side = sides.get(route[end]);
    const names = [...sides.keys()];
    if (side === undefined)
      context.problem(
        'unknown-name',
        `routes.${name}.${end}`,
        `must be the name of a broker of the file: ${inWords(names.slice(0, 10))}`,
        closestName(route[end], names),
      );
    return side;
  };
  return [sideOf('from'), sideOf('to')];
}

function tellUnused(
  routes: ReadonlyMap<string, FileRoute>,
  sides: ReadonlyMap<string, BridgeSide>,
  context: PlanContext,
): void {
  const used = new Set([...routes.values()].flatMap(({ from, to }) => [from, to]));
  for (const name of sides.keys()) if (!used.has(name)) context.notes.push(`brokers.${name}: no route uses it`);
}

/** What the builders and the guarantee refuse, and what two routes would both use. */
function checkEnds(routes: ReadonlyMap<string, PlannedRoute>, context: PlanContext): void {
  const owners = new Map<string, string>();
  for (const { name, options } of routes.values()) {
    const refusal = refusalOf(() => {
      const { source, sink } = bridgeEnds(options);
      const claims = claimsOf(options, { source, sink });
      const taken = claims.find(({ claim }) => owners.has(claim));
      if (taken !== undefined) {
        const { claim, path } = taken;
        context.problem(
          'conflict',
          `routes.${name}.${path}`,
          `route ${owners.get(claim)} has the same ${path} at the same place`,
        );
      }
      for (const { claim } of claims) owners.set(claim, name);
      return source.refuse(options.guarantee) ?? sink.refuse(options.guarantee);
    });
    if (refusal !== undefined) context.problem('conflict', `routes.${name}`, refusal);
  }
}

function claimsOf({ onError }: BridgeOptions, { source, sink }: BridgeEnds) {
  const letters = typeof sink.onError === 'string' ? [] : sink.onError.deadLetter.claims;
  const clients = [...source.claims, ...sink.claims, ...letters].map((claim) => ({ claim, path: 'clientId' }));
  const isFile = typeof onError === 'object' && 'file' in onError;
  return isFile ? [...clients, { claim: `dead letters in ${onError.file}`, path: 'deadLetters.file' }] : clients;
}

function checkLoops(routes: ReadonlyMap<string, PlannedRoute>, context: PlanContext): void {
  const hops = [...routes.values()];
  for (const route of hops) {
    const { onError } = route.options;
    const way = certainLoop(route, hops);
    if (way !== undefined)
      context.problem('loop', `routes.${route.name}.topic`, comesBack('what it publishes', route, way));
    if (typeof onError !== 'object' || !('topic' in onError)) continue;
    const letters = wayBack(route, onError.topic, hops);
    if (letters !== undefined)
      context.problem('loop', `routes.${route.name}.deadLetters.topic`, comesBack('a dead letter', route, letters));
  }
}

const comesBack = (what: string, { name }: PlannedRoute, way: readonly string[]): string =>
  `${what} comes back for ever: ${[name, ...way].join(' → ')}. Let the topic lead out of the filters, or into an exclude`;
