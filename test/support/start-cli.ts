import { buildOnce } from './build-once.js';
import { type Child, type Exit, startChild } from './child-process.js';

const { nodeArgs, main } = await buildOnce();

/** Starts the `millrace` command, as a process of its own. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  return startChild(process.execPath, [...nodeArgs, main, ...args], { env });
}

/** Everything that a finished command gave. */
export interface CliResult extends Exit {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Runs the command to its end. */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  const child = startCli(args, env);
  const exit = await child.exited;
  return { ...exit, stdout: child.stdout, stderr: child.stderr };
}
