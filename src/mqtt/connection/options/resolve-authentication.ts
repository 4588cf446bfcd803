import type { Authentication } from '../authentication/authentication.js';
import type { ConnectOptions } from './connect-options.js';
import type { OptionProblems } from './option-problems.js';

const LEAST_MS = 1000;
const MAX_TIMER_MS = 2_147_483_647;

/** The `authentication` of the options, which only 5.0 has: below it there is no packet for it. */
export function resolveAuthentication(
  { authentication, protocolVersion }: ConnectOptions,
  problems: OptionProblems,
): Authentication | undefined {
  if (authentication === undefined) return undefined;
  const { method, start, reauthenticateEvery } = Object(authentication);
  if (typeof start !== 'function') problems.add('authentication must have a function start(context)');
  if (method === undefined || method === '') problems.add('authentication.method is missing');
  problems.text('authentication.method', method);
  const range = { min: LEAST_MS, max: MAX_TIMER_MS, fallback: LEAST_MS };
  problems.integer('authentication.reauthenticateEvery', reauthenticateEvery, range);
  if (protocolVersion !== undefined && protocolVersion !== 5) {
    problems.add('authentication needs protocolVersion 5: MQTT 3.1 and 3.1.1 have no enhanced authentication');
  }
  return authentication;
}
