import { type Child, startChild } from '../child-process.js';

/** A process that is to be started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a process under a fault: strace around it, a module loaded before it. */
export type Wrap = (launch: Launch) => Launch;

/** Starts it, as it is or wrapped. */
export function launch(what: Launch, wrap: Wrap = (unchanged) => unchanged): Child {
  const { command, args, env = {} } = wrap(what);
  return startChild(command, args, { env });
}

/** A node process. */
export function nodeLaunch(args: readonly string[], env: Readonly<Record<string, string>> = {}): Launch {
  return { command: process.execPath, args, env };
}

/** Loads a module before a node program starts; `env` tells it what to do. */
export function withPreload(moduleUrl: string, env: Readonly<Record<string, string>>): Wrap {
  return ({ command, args, env: before = {} }) => ({
    command,
    args: ['--import', moduleUrl, ...args],
    env: { ...before, ...env },
  });
}
