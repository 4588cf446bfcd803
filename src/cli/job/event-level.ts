import { DIAGNOSTIC_NAMES, type DiagnosticName } from '../../metrics/diagnostics.js';
import { type LogLevel, levelOf } from '../../metrics/log/log-level.js';
import type { Facts } from '../../metrics/warnings/facts.js';

/** Of events that are the command's own, those that are no mere information. */
const OWN: ReadonlyMap<string, LogLevel> = new Map([
  ['note', 'warn'],
  ['problem', 'error'],
  ['not-reloaded', 'error'],
  ['failed', 'error'],
]);

const isDiagnostic = (event: string): event is DiagnosticName => DIAGNOSTIC_NAMES.some((name) => name === event);

/** The level of a line for machines: that of the library's event of this name, where it is one. */
export const eventLevel = (event: string, facts: Facts): LogLevel => {
  const own = OWN.get(event);
  if (own !== undefined) return own;
  return isDiagnostic(event) ? levelOf(event, facts) : levelOf('job', { ...facts, kind: event });
};
