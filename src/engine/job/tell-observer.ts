import { MillraceError } from '../../errors/millrace-error.js';
import { foreignText } from '../../internal/visible-text.js';
import { hasDiagnosticSubscribers, publishDiagnostic } from '../../metrics/diagnostics.js';
import { factsOf } from '../../metrics/warnings/facts.js';

/** What any engine tells of a job. */
interface ToldEvent {
  readonly job: string;
  readonly kind: string;
}

type Observer<E extends ToldEvent> = (event: E) => unknown;

/** Of those that have failed, which is said once. */
const broken = new WeakSet<object>();

/**
 * Tells the owner of a job, and who watches the process by its diagnostics channel. An observer cannot fail the job: what it throws, or its promise is rejected with, is a warning of the process,
 * once for each function.
 */
export const tellObserver = <E extends ToldEvent>(onEvent: Observer<E> | undefined, event: E): void => {
  if (hasDiagnosticSubscribers('job')) publishDiagnostic('job', factsOf(event));
  if (onEvent === undefined) return;
  try {
    const told = onEvent(event);
    if (told instanceof Promise) told.catch((thrown: unknown) => warn(onEvent, event, thrown));
  } catch (thrown) {
    warn(onEvent, event, thrown);
  }
};

const warn = (onEvent: object, { job, kind }: ToldEvent, thrown: unknown): void => {
  if (broken.has(onEvent)) return;
  broken.add(onEvent);
  const { message } = MillraceError.from(thrown, 'USER_FUNCTION_FAILED', `onEvent failed at "${kind}"`);
  process.emitWarning(`job "${job}": ${foreignText(message)}`, {
    code: 'MILLRACE_OBSERVER_FAILED',
    detail: 'The job goes on without it. Let the function catch what it throws.',
  });
};
