import { MillraceError } from '../../errors/millrace-error.js';
import { isSameShape, type KeptWindows, windowsText } from '../../pipeline/windows/kept-windows.js';
import type { StoreView } from '../../store/store.js';
import { nameKey } from '../layout/keys/named-keys.js';
import { earlyTimersOf, keysOfStage, removalOf, type StoredKeys, storedOfKind } from '../layout/stored-parts.js';
import { decodeStage, type StageRecord } from '../layout/values/stage-record.js';
import type { Holding, KeepingStage } from './homeless-state.js';

/**
 * What is to go since it is the state of other windows than its stage has now, or of none where it has some.
 * @param dropState the stages of which it may
 * @throws MillraceError JOB_CHANGED for that of others
 */
export const changedWindowsIn = (
  view: StoreView,
  stages: readonly KeepingStage[],
  dropState: readonly string[],
): readonly Holding[] =>
  stages.flatMap((stage) => {
    const { kind, name } = stage;
    const record = decodeStage(view.get(nameKey('state', name)));
    if (kind !== 'state' || !hasChanged(stage, record) || storedOfKind(view, kind, name) === undefined) return [];
    if (!dropState.includes(name)) throw changedWindows(stage, record.windows);
    const stored = `the state of ${windowsText(record.windows)}`;
    return [{ part: { kind: 'stage', name }, stored, called: undefined, keys: keysOfStage(kind, name) }];
  });

/**
 * The timers that stages have set to tell early results, and tell none any more. Nobody misses them: what their windows have is told in the
 * end. A state may say that it has one still, which it looks at where early results come again.
 */
export const silencedIn = (view: StoreView, stages: readonly KeepingStage[]): readonly StoredKeys[] =>
  stages.flatMap(({ name, early }) => {
    const timers = earlyTimersOf(name);
    return early !== true && hasAny(view, timers) ? [timers] : [];
  });

const hasAny = (view: StoreView, stored: StoredKeys): boolean => removalOf(view, stored, 1).size > 0;

/** Another aggregate may go on where its codec makes its accumulators of all that is stored. */
const hasChanged = ({ codec, windows }: KeepingStage, { versions, windows: were }: StageRecord): boolean => {
  if (!isSameShape(windows, were)) return true;
  const isUpgraded = codec.upgrade !== undefined && versions.every((version) => version < codec.version);
  return windows?.aggregate !== were?.aggregate && !isUpgraded;
};

const changedWindows = ({ name, windows }: KeepingStage, were: KeptWindows | undefined): MillraceError => {
  const [stored, now] = [windowsText(were), windowsText(windows)];
  return new MillraceError('JOB_CHANGED', `stage "${name}" has stored the state of ${stored}, and has ${now} now`, {
    advice:
      `Drop that state, and with it the results that are still open: dropState: ['${name}'] among the options of the job, ` +
      `--drop-state '${name}' of millrace run. Or leave the stage as it was until its windows have ended, and put the new one ` +
      'beside it under another name (setName).',
    details: { stage: name, stored, now },
  });
};
