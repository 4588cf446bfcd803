import { type CheckBroker, findCheckBroker, howToInstall } from '../../../scripts/check-brokers.js';

const missing = (name: CheckBroker): string => `${name} is not installed: ${howToInstall(name)}`;

/** Why there is no such broker here; undefined when there is one. */
export function brokerAbsence(name: CheckBroker): string | undefined {
  if (findCheckBroker(name) !== undefined) return undefined;
  console.error(`SKIPPED, ${missing(name)}`);
  return missing(name);
}

/** What to start it from. */
export function checkBrokerHere(name: CheckBroker): string {
  const found = findCheckBroker(name);
  if (found === undefined) throw new Error(missing(name));
  return found;
}
