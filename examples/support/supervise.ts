import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A program in a process of its own, so that it can be killed. It ends with who holds this. */
export interface SupervisedProgram extends AsyncDisposable {
  /** Resolves when it has said `process.send('running')`. */
  start(): Promise<void>;
  /** Gives its exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export function supervise(file: string, ...args: readonly string[]): SupervisedProgram {
  let program: ChildProcess | undefined;
  return {
    start: async () => {
      const started = fork(file, args);
      program = started;
      await new Promise((resolve, reject) => {
        started.once('message', resolve);
        started.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
      });
    },
    end: async (signal) => {
      if (program === undefined) throw new Error(`${file} does not run`);
      const exit = once(program, 'exit');
      program.kill(signal);
      program = undefined;
      const [code] = await exit;
      return code;
    },
    [Symbol.asyncDispose]: async () => {
      program?.kill('SIGKILL');
    },
  };
}
