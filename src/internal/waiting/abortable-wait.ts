/** Resolves after `delayMs`, or at once when the signal aborts. Never rejects. */
export function abortableWait(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const onDone = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onDone);
      resolve();
    };
    const timer = setTimeout(onDone, delayMs);
    signal.addEventListener('abort', onDone, { once: true });
  });
}
