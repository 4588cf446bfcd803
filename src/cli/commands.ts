/*
 * The millrace command. Read `main.ts` first, which finds the command, then `command.ts`, what one is, and the two that run a job:
 * `bridge/` makes its pipeline of options, `run/` loads it from a module, and `job/run-job.ts` runs either and tells of it, in this process
 * or as one node of several (`job/job-place.ts`). `cluster/` looks after the servers and jobs of a cluster, `inspect/` at what a job has
 * stored, `snapshots/` exports a part of it, `backup/` copies it, `dead-letters/` looks at what it could not process. `pub/` and `sub/` are a client, `client/` what they share; `check/` tries a
 * broker, and `demo/` is a job to look at. `options/` is what a command line may say, `completion/` the scripts for shells. It may import every layer; nothing imports it.
 */
import { BACKUP } from './backup/backup-command.js';
import { BRIDGE } from './bridge/bridge-command.js';
import { CHECK } from './check/check-command.js';
import { CLUSTER } from './cluster/cluster-command.js';
import type { Command } from './command.js';
import { completionCommand } from './completion/completion-command.js';
import { DEAD_LETTERS } from './dead-letters/dead-letters-command.js';
import { DEMO } from './demo/demo-command.js';
import { INSPECT } from './inspect/inspect-command.js';
import { PUB } from './pub/pub-command.js';
import { RUN } from './run/run-command.js';
import { SNAPSHOTS } from './snapshots/snapshots-command.js';
import { SUB } from './sub/sub-command.js';

const WORKING: readonly Command[] = [
  BRIDGE,
  RUN,
  INSPECT,
  SNAPSHOTS,
  BACKUP,
  DEAD_LETTERS,
  PUB,
  SUB,
  CHECK,
  CLUSTER,
  DEMO,
];

/** All of them, in the order of the help. A new one is a record here and a folder beside this file. */
export const COMMANDS: readonly Command[] = [...WORKING, completionCommand(WORKING)];
