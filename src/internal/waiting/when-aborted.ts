/** Calls `onAbort` when the signal aborts, at once if it has. The function it gives ends that. */
export const whenAborted = (signal: AbortSignal | undefined, onAbort: () => void): (() => void) => {
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => signal?.removeEventListener('abort', onAbort);
};
