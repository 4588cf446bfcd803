import { LONGEST_TIMER_MS, wholeNumber } from '../../../internal/options/option-checks.js';
import type { Authentication } from '../authentication/authentication.js';
import type { ConnectOptions } from './connect-options.js';
import type { OptionProblems } from './option-problems.js';

const LEAST_MS = 1000;

/** The `authentication` of the options, which only 5.0 has: below it there is no packet for it. */
export function resolveAuthentication(
  { authentication, protocolVersion }: ConnectOptions,
  problems: OptionProblems,
): Authentication | undefined {
  if (authentication === undefined) return undefined;
  const { method, start, reauthenticateEvery } = Object(authentication);
  if (typeof start !== 'function') problems.add('authentication must have a function start(context)');
  if (method === undefined || method === '') problems.add('authentication.method is missing');
  if (typeof method === 'string') problems.text('authentication.method', method);
  else if (method !== undefined) problems.add('authentication.method must be a string');
  const every = wholeNumber(LEAST_MS, LONGEST_TIMER_MS);
  if (reauthenticateEvery !== undefined)
    for (const problem of every(reauthenticateEvery, 'authentication.reauthenticateEvery')) problems.add(problem);
  if (protocolVersion !== undefined && protocolVersion !== 5) {
    problems.add('authentication needs protocolVersion 5: MQTT 3.1 and 3.1.1 have no enhanced authentication');
  }
  return authentication;
}
