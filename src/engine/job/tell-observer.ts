import type { JobEvent } from './job-event.js';

/** Tells the owner of a job. An observer cannot fail the job: what it throws, or its promise is rejected with, is ignored. */
export const tellObserver = (onEvent: ((event: JobEvent) => unknown) | undefined, event: JobEvent): void => {
  try {
    const told = onEvent?.(event);
    if (told instanceof Promise) told.catch(() => {});
  } catch {
    // as said above
  }
};
