import { signalExitCode } from '../exit-code.js';

/** The signals that ask the command to stop. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** `requested` resolves with the first signal. A second one ends the process at once, with the exit code of a shell. */
export interface StopSignal extends Disposable {
  /** Pending for ever where no signal comes. */
  readonly requested: Promise<NodeJS.Signals>;
}

export function listenForStop(exit: (code: number) => void = (code) => process.exit(code)): StopSignal {
  let first = (_signal: NodeJS.Signals): void => {};
  const requested = new Promise<NodeJS.Signals>((resolve) => {
    first = resolve;
  });
  let count = 0;
  const listener = (signal: NodeJS.Signals): void => {
    count += 1;
    if (count === 1) first(signal);
    else exit(signalExitCode(signal));
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    requested,
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}
