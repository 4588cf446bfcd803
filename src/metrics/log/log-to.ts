import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { listOf, oneOf, withMethods } from '../../internal/options/option-checks.js';
import { foreignText } from '../../internal/visible-text.js';
import { boundedFacts } from '../bounded-facts.js';
import { DIAGNOSTIC_NAMES, type DiagnosticName, OF_EACH_MESSAGE, onDiagnostic } from '../diagnostics.js';
import { type Facts, factsOf, textOf } from '../warnings/facts.js';
import { noteOf, OPERATOR_NOTES } from '../warnings/operator-notes.js';
import { levelOf } from './log-level.js';

/** What is used of a logger: that of pino, and of whoever takes fields first and a text behind them. */
export interface Logger {
  /** What happens all the time. */
  debug(fields: object, text: string): void;
  /** What happens in the life of a job. */
  info(fields: object, text: string): void;
  /** What is to be looked at. */
  warn(fields: object, text: string): void;
  /** What ends a job. */
  error(fields: object, text: string): void;
}

/** What is logged. */
export interface LogOptions {
  /** By the names of their channels. Default: all but those that come with each message, as `publish` does. */
  readonly names?: readonly DiagnosticName[] | undefined;
}

const LOG: OptionChecks<LogOptions> = { names: listOf(oneOf(...DIAGNOSTIC_NAMES)) };
const logger = withMethods('a logger', 'debug', 'info', 'warn', 'error');
const NOTES = new Map(OPERATOR_NOTES);

/**
 * Has all that this process tells on its diagnostics channels logged from now on, until what is returned is disposed of. The fields are
 * one object, `millrace`: `event`, the name of the channel or the `kind` of a job's event, and what it tells, as plain data of bounded size.
 * It holds no payload and no secret; topics and reasons, which others choose, are visible text of at most 1,024 characters. A logger that
 * throws is told once, as a warning of the process, and asked again for the next event.
 *
 * @throws MillraceError INVALID_OPTIONS
 */
export const logTo = (target: Logger, options: LogOptions = {}): Disposable => {
  const { options: asked, problems } = checkOptions('logTo', options, LOG);
  const all = [...logger(target, 'logger'), ...problems];
  if (all.length > 0) throw invalidOptions('logTo', all);
  const names = asked.names ?? DIAGNOSTIC_NAMES.filter((name) => !OF_EACH_MESSAGE.includes(name));
  const tell = telling(target);
  const heard = [...new Set(names)].map((name) => onDiagnostic(name, (data) => tell(name, factsOf(data))));
  return {
    [Symbol.dispose]: () => {
      for (const one of heard) one[Symbol.dispose]();
    },
  };
};

const telling = (target: Logger): ((name: DiagnosticName, facts: Facts) => void) => {
  let failed = false;
  return (name, facts) => {
    try {
      const event = name === 'job' ? textOf(facts, 'kind') : name;
      target[levelOf(name, facts)]({ millrace: { event, ...boundedFacts(facts) } }, wordsOf(name, event, facts));
    } catch (thrown) {
      // thrown on, it would end the process (Node's rule for channels)
      if (!failed) warn(thrown);
      failed = true;
    }
  };
};

/** As an operator would have it, in one line. */
const wordsOf = (name: DiagnosticName, event: string, facts: Facts): string => {
  const about = ['job', 'name', 'source', 'sink', 'part'].map((one) => textOf(facts, one)).filter((one) => one !== '');
  const note = NOTES.get(`millrace:${name}`);
  const why = [
    textOf(facts, 'status'),
    note === undefined ? '' : (noteOf(note, facts) ?? ''),
    textOf(factsOf(facts.error), 'message') || messageOf(facts.error),
  ].filter((one) => one !== '');
  return foreignText([`${about.join(', ')}: ${event}`, ...why].join(': '));
};

/** That of an error is no member that is listed. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

const warn = (thrown: unknown): void => {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  process.emitWarning(`logTo: the logger failed: ${foreignText(why)}`, {
    code: 'MILLRACE_OBSERVER_FAILED',
    detail: 'Jobs go on, and it is asked again. Said once.',
  });
};
