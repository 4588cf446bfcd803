import { existsSync, readdirSync } from 'node:fs';
import { jobDirectoryName } from '../../../../store/directory/job-directory-name.js';
import type { Reporter } from '../../../job/reporter.js';
import type { BridgePlan } from '../plan/bridge-plan.js';

/** What the directory has of routes that the file does not name: messages may wait there, and would for ever. */
export function tellLeftovers({ dir, routes }: BridgePlan, reporter: Reporter): void {
  if (dir === undefined || !existsSync(dir)) return;
  const known = new Set([...routes.keys()].map(jobDirectoryName));
  const left = readdirSync(dir).filter((name) => name.startsWith('job-') && !known.has(name));
  for (const name of left) {
    const note = `${dir} has ${name}, of a route that is not in the file: what is stored there goes out when a route of that name is back`;
    reporter.tell({ event: 'note', text: `note: ${note}`, facts: { note, dir, left: name } });
  }
}
