import { MillraceError } from '../../errors/millrace-error.js';
import { closestName } from '../../internal/options/closest-name.js';
import type { Store, StoreView } from '../../store/store.js';
import { keysOf, type Part, type PartKind, partName, storedOf } from '../layout/stored-parts.js';
import { changedStateIn, silencedIn } from './changed-state.js';
import { type ManifestOwner, tellGivenUp, waysOut, waysOutOfStages } from './giving-up.js';
import { type Holding, homelessIn, type KeepingStage, unreadableIn } from './homeless-state.js';
import {
  finishRemoval,
  isFirst,
  type JobManifest,
  noteManifest,
  readManifest,
  removeAll,
  type StoredManifest,
} from './stored-manifest.js';

const KINDS = { sources: 'source', sinks: 'sink', stages: 'stage', timers: 'timers' } as const;

const MOST_DROPPED = 256;

/**
 * Checks that everything the store has something of is still part of the job, and notes what is new and what is gone. A part of which
 * nothing is stored is retired silently: what a sink has of its session stays, should it come back. One that has a position, messages,
 * calls or state is refused, for it would be lost silently, unless it is given up by name. True when the store has nothing yet.
 *
 * State of a stage that is still there has no place either where its codec cannot read it, or where the stage keeps another kind of thing now,
 * as other windows are, or states of another form.
 *
 * G1. What is given up stands in the manifest as `removing` before the first of it is removed, and is removed to its end before anything else is
 *     done, by the next start where a crash cuts it off: no part is ever found in half.
 * @throws MillraceError JOB_CHANGED, INVALID_OPTIONS when a part of the pipeline is given up, or `dropState` names no stage
 */
export const settleManifest = async (
  store: Store,
  owner: ManifestOwner,
  { now, keeping }: SettledParts,
): Promise<boolean> => {
  await finishRemoval(store);
  const before = readManifest(store);
  const here = partsOf(now);
  refusePresent(owner, here);
  const dropped = droppedBy(owner, before, now);
  // first, for their timers have no place either
  const changed = changedStateIn(store, keeping, owner.dropState);
  const names = new Set(here.map(partName));
  const gone = partsOf(before).filter((part) => !names.has(partName(part)) && !goesWithStage(part, names));
  const holding = [...gone.flatMap((part) => holdingOf(store, part, before.called)), ...homelessIn(store, keeping)];
  const lost = holding.filter((one) => !isGivenUp(owner, one));
  if (lost.length > 0) throw jobChanged(owner, lost, added(here, before));
  const given = [...holding, ...unreadableIn(store, keeping, owner.dropState), ...changed];
  // what a stage without state has left is its codec's version: it would refuse another one
  const left = [...gone.filter(({ kind }) => isOfStage(kind)).map(keysOf), ...silencedIn(store, keeping)];
  const removing = [...given.map(({ keys }) => keys), ...left];
  const isRenamed = JSON.stringify(before.called) !== JSON.stringify(now.called);
  const isNamed = dropped.some((name) => before.dropped?.includes(name) !== true);
  const isNews = gone.length > 0 || added(here, before).length > 0 || isNamed || isRenamed;
  if (isNews || removing.length > 0) await noteManifest(store, { ...now, ...kept(before, dropped), removing });
  for (const { part, stored } of given) tellGivenUp(owner.job, partName(part), stored);
  if (removing.length > 0) await removeAll(store, removing);
  return isFirst(before);
};

/** What the pipeline has now. */
export interface SettledParts {
  readonly now: JobManifest;
  /** The stages of it. */
  readonly keeping: readonly KeepingStage[];
}

const isGivenUp = ({ giveUp, dropState }: ManifestOwner, { part }: Holding): boolean =>
  giveUp.includes(partName(part)) || (isOfStage(part.kind) && dropState.includes(part.name));

const isOfStage = (kind: PartKind): boolean => kind === 'stage' || kind === 'timers';

/** Timers of a stage that is gone are among what is stored for the stage. */
const goesWithStage = ({ kind, name }: Part, here: ReadonlySet<string>): boolean =>
  kind === 'timers' && !here.has(partName({ kind: 'stage', name }));

/**
 * The names that `dropState` may have, those of earlier starts too.
 * @throws MillraceError INVALID_OPTIONS for one that neither pipeline nor store has ever had: the state that it means would stay
 */
const droppedBy = (
  { job, dropState }: ManifestOwner,
  before: StoredManifest,
  { stages }: JobManifest,
): readonly string[] => {
  const earlier = before.dropped ?? [];
  const known = [...new Set([...stages, ...before.stages, ...earlier])];
  const unknown = dropState.find((name) => !known.includes(name));
  if (unknown !== undefined && !isFirst(before)) throw unknownStage(job, unknown, known);
  return [...new Set([...earlier, ...dropState])].slice(-MOST_DROPPED);
};

/** What outlives a change of the parts. */
const kept = (
  { begunWith }: StoredManifest,
  dropped: readonly string[],
): Pick<StoredManifest, 'dropped' | 'begunWith'> => ({
  ...(dropped.length > 0 && { dropped }),
  ...(begunWith !== undefined && { begunWith }),
});

const unknownStage = (job: string, name: string, known: readonly string[]): MillraceError => {
  const closest = closestName(name, known);
  const hint = closest === undefined ? '' : `: did you mean "${closest}"?`;
  return new MillraceError(
    'INVALID_OPTIONS',
    `job "${job}": dropState names "${name}", which is no stage of it${hint}`,
    {
      advice: `Stages that have state, or had some: ${known.map((one) => `"${one}"`).join(', ') || 'none'}.`,
      details: { job, stage: name },
    },
  );
};

const holdingOf = (view: StoreView, part: Part, called: JobManifest['called']): readonly Holding[] => {
  const stored = storedOf(view, part);
  return stored === undefined ? [] : [{ part, stored, called: called?.[partName(part)], keys: keysOf(part) }];
};

const partsOf = (manifest: StoredManifest): readonly Part[] =>
  (['sources', 'sinks', 'stages', 'timers'] as const).flatMap((list) =>
    (manifest[list] ?? []).map((name) => ({ kind: KINDS[list], name })),
  );

const added = (here: readonly Part[], before: StoredManifest): readonly string[] => {
  const names = new Set(partsOf(before).map(partName));
  return here.filter((part) => !names.has(partName(part))).map(quoted);
};

const quoted = ({ kind, name }: Part): string => `${kind} "${name}"`;

/** Who gives up a part and keeps it would lose what it stores at each start. */
const refusePresent = ({ job, giveUp }: ManifestOwner, here: readonly Part[]): void => {
  const present = here.map(partName).filter((name) => giveUp.includes(name));
  if (present.length === 0) return;
  throw new MillraceError(
    'INVALID_OPTIONS',
    `job "${job}": giveUp names ${present.join(', ')}, which its pipeline still has`,
    { advice: 'Take it out of the pipeline, or out of giveUp.', details: { job, parts: present } },
  );
};

const holdingText = ({ part, stored, called }: Holding): string =>
  `${quoted(part)} (${called === undefined ? '' : `which is called "${called}" elsewhere: `}${stored})`;

const jobChanged = ({ job }: ManifestOwner, lost: readonly Holding[], news: readonly string[]): MillraceError => {
  const what = lost.map(holdingText).join(', ');
  const besides = news.length > 0 ? `; new in it: ${news.join(', ')}` : '';
  const stages = lost.filter(({ part }) => part.kind === 'stage').map(({ part }) => part.name);
  const others = lost.filter(({ part }) => part.kind !== 'stage').map(({ part }) => partName(part));
  const ways = [
    ...(others.length > 0 ? [waysOut(others)] : []),
    ...(stages.length > 0 ? [waysOutOfStages(stages)] : []),
  ];
  return new MillraceError(
    'JOB_CHANGED',
    `job "${job}" has something stored for ${what}, which its pipeline has no more${besides}`,
    {
      advice: `Give the parts of the pipeline their former names (setName, client ids), run it with them until nothing is left, or ${ways.join(' And ')}`,
      details: { job, gone: lost.map(({ part }) => quoted(part)), added: news, giveUp: others, dropState: stages },
    },
  );
};
