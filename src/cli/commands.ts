import { BRIDGE } from './bridge/bridge-command.js';
import type { Command } from './command.js';
import { completionCommand } from './completion/completion-command.js';
import { RUN } from './run/run-command.js';

const WORKING: readonly Command[] = [BRIDGE, RUN];

/** All of them, in the order of the help. A new one is a record here and a folder beside this file. */
export const COMMANDS: readonly Command[] = [...WORKING, completionCommand(WORKING)];
