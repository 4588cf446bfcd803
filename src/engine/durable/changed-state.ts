import { MillraceError } from '../../errors/millrace-error.js';
import { formText } from '../../pipeline/state-form.js';
import { isSameShape, windowsText } from '../../pipeline/windows/kept-windows.js';
import type { StoreView } from '../../store/store.js';
import { nameKey } from '../layout/keys/named-keys.js';
import { earlyTimersOf, keysOfStage, removalOf, type StoredKeys, storedOfKind } from '../layout/stored-parts.js';
import { decodeStage, type StageRecord } from '../layout/values/stage-record.js';
import type { Holding, KeepingStage } from './homeless-state.js';

/**
 * What is to go since it is the state of other windows than its stage has now, or of a stage of another kind: states of one are something else
 * to the other.
 * @param dropState the stages of which it may
 * @throws MillraceError JOB_CHANGED for that of others
 */
export const changedStateIn = (
  view: StoreView,
  stages: readonly KeepingStage[],
  dropState: readonly string[],
): readonly Holding[] =>
  stages.flatMap((stage) => {
    const { kind, name } = stage;
    const record = decodeStage(view.get(nameKey('state', name)));
    if (kind !== 'state' || !hasChanged(stage, record) || storedOfKind(view, kind, name) === undefined) return [];
    if (!dropState.includes(name)) throw changedState(stage, record);
    const stored = `the state of ${keptText(record)}`;
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

/** What a stage keeps, or has stored. */
type Kept = Pick<StageRecord, 'windows' | 'form'>;

/**
 * What was stored by a version that did not note its form is taken as it comes. Another aggregate may go on where its codec makes its
 * accumulators of all that is stored.
 */
const hasChanged = (stage: KeepingStage, { versions, ...stored }: StageRecord): boolean => {
  const { codec, windows, form } = stage;
  if (!isSameShape(windows, stored.windows)) return true;
  if (windows === undefined && stored.form === undefined) return false;
  if (form?.stage !== stored.form?.stage) return true;
  const isUpgraded = codec.upgrade !== undefined && versions.every((version) => version < codec.version);
  return aggregateOf(stage) !== aggregateOf(stored) && !isUpgraded;
};

const aggregateOf = ({ windows, form }: Kept): string | undefined => windows?.aggregate ?? form?.aggregate;

const keptText = ({ windows, form }: Kept): string => {
  if (windows !== undefined) return windowsText(windows);
  return form === undefined ? 'no windows' : formText(form);
};

const changedState = (stage: KeepingStage, record: StageRecord): MillraceError => {
  const { name } = stage;
  const [stored, now] = [keptText(record), keptText(stage)];
  const [open, ended] = record.windows === undefined ? ['', ''] : OF_WINDOWS;
  return new MillraceError('JOB_CHANGED', `stage "${name}" has stored the state of ${stored}, and has ${now} now`, {
    advice:
      `Drop that state${open}: dropState: ['${name}'] among the options of the job, --drop-state '${name}' of millrace run. ` +
      `Or leave the stage as it was${ended}, and put the new one beside it under another name (setName).`,
    details: { stage: name, stored, now },
  });
};

const OF_WINDOWS = [', and with it the results that are still open', ' until its windows have ended'] as const;
