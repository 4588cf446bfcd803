/** A signal that can be given back. */
export interface TimedSignal {
  readonly signal: AbortSignal;
  /** Ends the timer and lets go of the parent. */
  dispose(): void;
}

/** A signal that aborts with its parent's reason, or after `timeoutMs` with what `late` makes. */
export function timedSignal(parent: AbortSignal, timeoutMs: number, late: () => Error): TimedSignal {
  const controller = new AbortController();
  const onParent = (): void => controller.abort(parent.reason);
  const timer = setTimeout(() => controller.abort(late()), timeoutMs);
  parent.addEventListener('abort', onParent, { once: true });
  if (parent.aborted) onParent();
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', onParent);
    },
  };
}
