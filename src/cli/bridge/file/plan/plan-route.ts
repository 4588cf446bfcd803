import { createHash } from 'node:crypto';
import { MillraceError } from '../../../../errors/index.js';
import type { BridgeSide } from '../../bridge-side.js';
import { placeOf } from '../../loop-guard.js';
import type { BridgeOptions } from '../../parse-bridge-options.js';
import type { BridgeOnError } from '../../parse-on-error.js';
import { parseTopicTemplate, tooShortFor } from '../../topic-template.js';
import type { FileRoute } from '../shape/bridge-file-shape.js';
import type { PlannedRoute } from './bridge-plan.js';
import type { PlanContext } from './plan-context.js';

/** A route of the file, and what of the rest of the file it needs. */
export interface GivenRoute {
  readonly name: string;
  readonly route: FileRoute;
  readonly from: BridgeSide;
  readonly to: BridgeSide;
  readonly dir: string | undefined;
}

/** Throws what no check before it has found (never, that is). */
export function planRoute(given: GivenRoute, context: PlanContext): PlannedRoute {
  const { name, route, from, to } = given;
  const path = `routes.${name}`;
  const { guarantee, qos } = guaranteeOf(path, given, context);
  const template = parseTopicTemplate(route.topic);
  if (tooShortFor(template, route.filters) !== undefined)
    context.problem(
      'wrong-value',
      `${path}.topic`,
      `a filter has no topic with a level ${template.highestLevel}, which {level.${template.highestLevel}} asks for`,
    );
  const options: BridgeOptions = {
    ...{ from, to, template, guarantee, qos },
    filters: route.filters,
    excluded: route.exclude ?? [],
    clientId: route.clientId,
    onSessionLoss: route.onSessionLoss,
    onError: onErrorOf(path, route, context),
    retain: route.retain ?? true,
    adoptSession: route.adoptSession ?? false,
    stopAfter: undefined,
  };
  return {
    ...{ name, template, options },
    templateText: route.topic,
    from: placeOf(from) ?? from.url,
    to: placeOf(to) ?? to.url,
    filters: route.filters,
    excluded: options.excluded,
    whenRemoved: route.whenRemoved ?? 'drain',
    giveUp: route.giveUp ?? [],
    outbox: outboxOf(path, route, context),
    facts: factsOf(given),
  };
}

function guaranteeOf(path: string, { route, dir }: GivenRoute, context: PlanContext) {
  const { guarantee: asked, qos: given } = route;
  const qos = given ?? (asked === 'exactly-once' ? 2 : 1);
  const guarantee = asked ?? (qos === 0 ? 'none' : 'at-least-once');
  if (guarantee === 'at-least-once' && qos === 0)
    context.problem(
      'conflict',
      `${path}.guarantee`,
      'at-least-once needs qos 1 or 2: at QoS 0 a broker sends once and forgets',
    );
  if (guarantee === 'exactly-once' && qos !== 2)
    context.problem(
      'conflict',
      `${path}.qos`,
      'exactly-once needs qos 2: below it, a copy cannot be told from a new message',
    );
  if (guarantee === 'exactly-once' && dir === undefined)
    context.problem('conflict', `${path}.guarantee`, 'exactly-once needs dir, at the top of the file');
  return { guarantee, qos } as const;
}

function outboxOf(path: string, route: FileRoute, context: PlanContext): PlannedRoute['outbox'] {
  const { guarantee, maxOutboxMessages, maxOutboxBytes } = route;
  for (const [key, bound] of Object.entries({ maxOutboxMessages, maxOutboxBytes }))
    if (bound !== undefined && guarantee !== 'exactly-once')
      context.problem('conflict', `${path}.${key}`, 'only a route with exactly-once stores messages');
  return { maxOutboxMessages, maxOutboxBytes };
}

function onErrorOf(path: string, { onError, deadLetters }: FileRoute, context: PlanContext): BridgeOnError {
  if (deadLetters === undefined) {
    if (onError === 'dead-letter')
      context.problem('conflict', `${path}.onError`, 'dead-letter needs deadLetters, with a file or a topic');
    return onError === 'skip' ? 'skip' : 'fail';
  }
  if (onError !== undefined && onError !== 'dead-letter')
    context.problem('conflict', `${path}.onError`, 'it contradicts deadLetters');
  const { file, topic } = deadLetters;
  if ((file === undefined) === (topic === undefined))
    context.problem('conflict', `${path}.deadLetters`, 'must have either file or topic');
  if (topic !== undefined) return { topic };
  return { file: context.files.pathOf(file ?? '') };
}

/** What the library refuses of a route that is well-formed by itself: in its words, without secrets. */
export function refusalOf(work: () => MillraceError | undefined): string | undefined {
  try {
    const refusal = work();
    return refusal === undefined ? undefined : wordsOf(refusal);
  } catch (error) {
    return wordsOf(error);
  }
}

const wordsOf = (error: unknown): string =>
  MillraceError.from(error)
    .message.replace(/[\r\n]+/g, ' ')
    .replace(/\.$/, '');

/** Digests, so that no secret stands there. What decides only what becomes of a removed route is no reason to touch a running one. */
function factsOf({ route, from, to, dir }: GivenRoute): ReadonlyMap<string, string> {
  const { from: _, to: __, whenRemoved: ___, ...own } = route;
  const facts = { ...own, dir: route.guarantee === 'exactly-once' ? dir : undefined };
  const sides = [...entriesOf('from', from), ...entriesOf('to', to)];
  const said = [...Object.entries(facts), ...sides].filter(([, value]) => value !== undefined);
  return new Map(said.map(([path, value]) => [path, digestOf(value)]));
}

function entriesOf(side: string, { tls, ...rest }: BridgeSide): readonly (readonly [string, unknown])[] {
  const own = Object.entries(rest).map(([name, value]) => [`${side}.${name}`, value] as const);
  return [...own, ...Object.entries(tls).map(([name, value]) => [`${side}.tls.${name}`, value] as const)];
}

function digestOf(value: unknown): string {
  const bytes = value instanceof Uint8Array ? value : JSON.stringify(value);
  return createHash('sha256').update(bytes).digest('base64');
}
