/** Asks for a reload. Several that come while one is under way are one. */
export interface ReloadSignal extends Disposable {
  /** Resolves at the next SIGHUP, or at once where one has come since it was asked last. */
  next(): Promise<void>;
}

export function listenForReload(): ReloadSignal {
  let asked = false;
  let wake = (): void => {};
  const listener = (): void => {
    asked = true;
    wake();
  };
  process.on('SIGHUP', listener);
  return {
    next: async () => {
      if (!asked)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      asked = false;
    },
    [Symbol.dispose]: () => void process.off('SIGHUP', listener),
  };
}
