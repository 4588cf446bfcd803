import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * A node in a process of its own, which says `process.send('owner')` when it runs what is asked about, and `'none'` when it has given that
 * back.
 */
export interface ExampleNode extends AsyncDisposable {
  readonly name: string;
  /** As it said last, unless it was ended. */
  readonly isOwner: boolean;
  start(): void;
  /** Gives its exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** @param args what the program is told besides its name */
export function exampleNode(name: string, file: string, ...args: readonly string[]): ExampleNode {
  let program: ChildProcess | undefined;
  let isOwner = false;
  return {
    name,
    get isOwner() {
      return isOwner;
    },
    start: () => {
      program = fork(file, [name, ...args]);
      program.on('message', (said) => {
        isOwner = said === 'owner';
      });
    },
    end: async (signal) => {
      if (program === undefined || program.exitCode !== null || program.signalCode !== null)
        throw new Error(`node ${name} does not run`);
      const exit = once(program, 'exit');
      program.kill(signal);
      const [code] = await exit;
      isOwner = false;
      return code;
    },
    [Symbol.asyncDispose]: async () => {
      program?.kill('SIGKILL');
    },
  };
}
