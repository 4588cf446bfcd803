import { MillraceError } from '../../errors/millrace-error.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { count } from '../../internal/options/option-checks.js';
import { refuseMore } from '../../internal/options/refuse-more.js';

/** Which windows an item is in, by its time. All lengths in milliseconds. */
export type WindowShape =
  | { readonly kind: 'sliding'; readonly size: number; readonly slide: number }
  | { readonly kind: 'session'; readonly timeout: number };

/** Which windows a stage has, and when it tells of them. Plain data: any number of stages may have the same one. */
export interface WindowDefinition {
  /** A tumbling window is a sliding one that slides by its size. */
  readonly shape: WindowShape;
  /** How often a window is told of before its end; undefined: never. */
  readonly earlyResultsPeriod: number | undefined;
  /**
   * The same windows, each of which gives a result so far (`isEarly`) every `periodMs` by the clock of the machine, if it has a new item
   * since: while the time of the items stands still, too.
   * @throws MillraceError INVALID_OPTIONS
   */
  setEarlyResultsPeriod(periodMs: number): WindowDefinition;
}

const checkLengths = (factory: string, lengths: Readonly<Record<string, unknown>>): void => {
  const problems = Object.entries(lengths).flatMap(([name, given]) => count(given, name));
  if (problems.length > 0) throw invalidOptions(`WindowDefinition.${factory}`, problems);
};

const defined = (shape: WindowShape, earlyResultsPeriod?: number): WindowDefinition => {
  const definition: WindowDefinition = {
    shape: Object.freeze(shape),
    earlyResultsPeriod,
    setEarlyResultsPeriod: (periodMs) => {
      checkLengths('setEarlyResultsPeriod', { periodMs });
      return defined(shape, periodMs);
    },
  };
  refuseMore('a window', { setEarlyResultsPeriod: 1 }, definition);
  return Object.freeze(definition);
};

const tumbling = (sizeMs: number): WindowDefinition => {
  checkLengths('tumbling', { sizeMs });
  return defined({ kind: 'sliding', size: sizeMs, slide: sizeMs });
};

const sliding = (sizeMs: number, slideMs: number): WindowDefinition => {
  checkLengths('sliding', { sizeMs, slideMs });
  if (sizeMs % slideMs !== 0) throw notDivided(sizeMs, slideMs);
  return defined({ kind: 'sliding', size: sizeMs, slide: slideMs });
};

const notDivided = (sizeMs: number, slideMs: number): MillraceError => {
  const below = sizeMs - (sizeMs % slideMs);
  const near = below === 0 ? `${slideMs}` : `${below} or ${below + slideMs}`;
  return new MillraceError(
    'INVALID_OPTIONS',
    `WindowDefinition.sliding: sizeMs must be a multiple of slideMs, and ${sizeMs} is none of ${slideMs}`,
    { advice: `Take ${near} as sizeMs, or a slideMs that divides ${sizeMs}.`, details: { sizeMs, slideMs } },
  );
};

const session = (timeoutMs: number): WindowDefinition => {
  checkLengths('session', { timeoutMs });
  return defined({ kind: 'session', timeout: timeoutMs });
};

/**
 * The windows that items are gathered in, by their time. A window has its start in it, and not its end.
 * @namespace
 */
export const WindowDefinition = frozenFunctions('WindowDefinition', { tumbling: 1, sliding: 2, session: 1 })({
  /**
   * Windows of `sizeMs`, one behind the other: of 60,000 they begin at each full minute, since they are counted from 1970.
   * @throws MillraceError INVALID_OPTIONS for what is not a whole number above 0
   */
  tumbling,

  /**
   * Windows of `sizeMs`, one for each `slideMs`, so that an item is in `sizeMs / slideMs` of them.
   * @throws MillraceError INVALID_OPTIONS for what is not a whole number above 0, or a slide that does not divide the size
   */
  sliding,

  /**
   * Windows of items that are less than `timeoutMs` apart. One ends `timeoutMs` behind its last item; an item that is near enough to two
   * makes them one.
   * @throws MillraceError INVALID_OPTIONS for what is not a whole number above 0
   */
  session,
});
