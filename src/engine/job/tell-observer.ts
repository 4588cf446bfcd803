import { MillraceError } from '../../errors/millrace-error.js';
import { foreignText } from '../../internal/visible-text.js';
import type { JobEvent } from './job-event.js';

type Observer = (event: JobEvent) => unknown;

/** Of those that have failed, which is said once. */
const broken = new WeakSet<Observer>();

/**
 * Tells the owner of a job. An observer cannot fail the job: what it throws, or its promise is rejected with, is a warning of the process,
 * once for each function.
 */
export const tellObserver = (onEvent: Observer | undefined, event: JobEvent): void => {
  if (onEvent === undefined) return;
  try {
    const told = onEvent(event);
    if (told instanceof Promise) told.catch((thrown: unknown) => warn(onEvent, event, thrown));
  } catch (thrown) {
    warn(onEvent, event, thrown);
  }
};

const warn = (onEvent: Observer, { job, kind }: JobEvent, thrown: unknown): void => {
  if (broken.has(onEvent)) return;
  broken.add(onEvent);
  const { message } = MillraceError.from(thrown, 'USER_FUNCTION_FAILED', `onEvent failed at "${kind}"`);
  process.emitWarning(`job "${job}": ${foreignText(message)}`, {
    code: 'MILLRACE_OBSERVER_FAILED',
    detail: 'The job goes on without it. Let the function catch what it throws.',
  });
};
