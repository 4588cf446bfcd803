import { findNatsServers, HOW_TO_INSTALL, type NatsServerProgram } from '../../../scripts/nats-servers.js';

const CI = process.env.CI === 'true';

/** The programs that tests of the cluster run with, the oldest version first. In CI their absence fails what asks. */
export function natsServersHere(): readonly NatsServerProgram[] {
  const found = findNatsServers();
  if (found.length === 0 && CI) throw new Error(`nats-server is not installed: ${HOW_TO_INSTALL}`);
  return found;
}

/** Why there is no server here; undefined when there is one. In CI its absence fails what asks. */
export function natsAbsence(): string | undefined {
  if (natsServersHere().length > 0) return undefined;
  const reason = `nats-server is not installed: ${HOW_TO_INSTALL}`;
  console.error(`SKIPPED, ${reason}`);
  return reason;
}

/** The newest of them. */
export function newestNatsServer(): NatsServerProgram {
  const newest = natsServersHere().at(-1);
  if (newest === undefined) throw new Error(`nats-server is not installed: ${HOW_TO_INSTALL}`);
  return newest;
}
