import { MillraceError } from '../../errors/millrace-error.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { Store, StoreView } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import {
  keysOf,
  keysOfClient,
  messagesText,
  type Part,
  partName,
  removalOf,
  type StoredKeys,
  storedOf,
} from '../layout/stored-parts.js';
import { readOutboxHead } from '../layout/values/outbox-head.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';

/** The parts of a job that may have something in its store, by their names. */
export interface JobManifest {
  /** A position is stored for each. */
  readonly sources: readonly string[];
  /** Outboxes are. */
  readonly sinks: readonly string[];
  /** Stages with state, and mapAsync stages. */
  readonly stages: readonly string[];
  /** Those of them that keep timers. */
  readonly timers: readonly string[];
  /** What sources and sinks are called elsewhere, by `partName`, where it differs: for whoever looks at the store. Nothing is stored by it. */
  readonly called?: Readonly<Record<string, string>>;
}

interface StoredManifest extends Omit<JobManifest, 'timers'> {
  /** Not written by versions that had no timers. */
  readonly timers?: readonly string[];
  /** What was given up and is not all removed yet. */
  readonly removing?: readonly StoredKeys[];
}

/** A job by its name, and what of it is given up, as `partName` has it; clients of sinks as `client x`. */
export interface ManifestOwner {
  /** For messages. */
  readonly job: string;
  /** Parts whose stored things may go. */
  readonly giveUp: readonly string[];
}

const KINDS = { sources: 'source', sinks: 'sink', stages: 'stage', timers: 'timers' } as const;

/** Keys in one commit of a removal. */
const REMOVE_AT_ONCE = 4096;

/**
 * Checks that everything the store has something of is still part of the job, and notes what is new and what is gone. A part of which
 * nothing is stored is retired silently: what a sink has of its session stays, should it come back. One that has a position, messages,
 * calls or state is refused, for it would be lost silently, unless it is given up by name. True when the store has nothing yet.
 *
 * G1. What is given up is out of the manifest before the first of it is removed, and is removed to its end before anything else is done:
 *     no part is ever found in half.
 * @throws MillraceError JOB_CHANGED, INVALID_OPTIONS when a part of the pipeline is given up
 */
export const settleManifest = async (store: Store, owner: ManifestOwner, now: JobManifest): Promise<boolean> => {
  const before = readManifest(store);
  const here = partsOf(now);
  refusePresent(owner, here);
  const names = new Set(here.map(partName));
  const gone = partsOf(before).filter((part) => !names.has(partName(part)) && !goesWithStage(part, names));
  const holding = gone.flatMap((part) => holdingOf(store, part, before.called));
  const lost = holding.filter(({ part }) => !owner.giveUp.includes(partName(part)));
  if (lost.length > 0) throw jobChanged(owner.job, lost, added(here, before));
  const given = holding.filter(({ part }) => owner.giveUp.includes(partName(part)));
  // what a stage without state has left is its codec's version: it would refuse another one
  const removing = [
    ...(before.removing ?? []),
    ...given.map(({ part }) => keysOf(part)),
    ...gone.filter(({ kind }) => kind === 'stage' || kind === 'timers').map(keysOf),
  ];
  const isRenamed = JSON.stringify(before.called) !== JSON.stringify(now.called);
  const changed = gone.length > 0 || added(here, before).length > 0 || removing.length > 0 || isRenamed;
  // a removal that a crash cuts off goes on at the next start, by its `removing` (G1)
  if (changed) await noteManifest(store, { ...now, ...(removing.length > 0 && { removing }) });
  for (const { part, stored } of given) tellGivenUp(owner.job, partName(part), stored);
  if (removing.length > 0) await removeAll(store, removing, now);
  return before === NOTHING;
};

/** Timers of a stage that is gone are among what is stored for the stage. */
const goesWithStage = ({ kind, name }: Part, here: ReadonlySet<string>): boolean =>
  kind === 'timers' && !here.has(partName({ kind: 'stage', name }));

/** A part that is gone, and what is stored for it. */
interface Holding {
  readonly part: Part;
  readonly stored: string;
  /** Undefined: as it is stored. */
  readonly called: string | undefined;
}

const holdingOf = (view: StoreView, part: Part, called: JobManifest['called']): readonly Holding[] => {
  const stored = storedOf(view, part);
  return stored === undefined ? [] : [{ part, stored, called: called?.[partName(part)] }];
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

const NOTHING: StoredManifest = { sources: [], sinks: [], stages: [], timers: [] };

/** What was never written is an empty one, by identity: so a first start is told from a job of no parts. */
const readManifest = (view: StoreView): StoredManifest => {
  const bytes = view.get(storeKeys.job);
  // written by `noteManifest`, and its bytes are checked by the store
  return bytes === undefined ? NOTHING : (decodeStored(bytes) as StoredManifest);
};

const noteManifest = (store: Store, manifest: StoredManifest): Promise<void> =>
  store.commit(new Map([[storeKeys.job, encodeStored(manifest)]]));

/** The manifest loses its `removing` only behind the last removal (G1). */
const removeAll = async (store: Store, removing: readonly StoredKeys[], now: JobManifest): Promise<void> => {
  for (const stored of removing) {
    // read anew for each commit: what is removed is found no more, so a removal that was cut off goes on where it was
    for (let batch = removalOf(store, stored, REMOVE_AT_ONCE); batch.size > 0; ) {
      await store.commit(batch);
      batch = removalOf(store, stored, REMOVE_AT_ONCE);
    }
  }
  await noteManifest(store, now);
};

const tellGivenUp = (job: string, part: string, stored: string): void =>
  publishDiagnostic('given-up', { job, part, stored });

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

/** How what is stored under these names can be given up. */
const waysOut = (names: readonly string[]): string =>
  `give up what is stored: giveUp: [${names.map((name) => `'${name}'`).join(', ')}] among the options of the job, ` +
  `on the command line ${names.map((name) => `--give-up '${name}'`).join(' ')}.`;

const jobChanged = (job: string, lost: readonly Holding[], news: readonly string[]): MillraceError => {
  const names = lost.map(({ part }) => partName(part));
  const what = lost.map(holdingText).join(', ');
  const besides = news.length > 0 ? `; new in it: ${news.join(', ')}` : '';
  return new MillraceError(
    'JOB_CHANGED',
    `job "${job}" has something stored for ${what}, which its pipeline has no more${besides}`,
    {
      advice: `Give the parts of the pipeline their former names (setName, client ids), run it with them until nothing is left, or ${waysOut(names)}`,
      details: { job, gone: lost.map(({ part }) => quoted(part)), added: news, giveUp: names },
    },
  );
};

/**
 * Refuses a sink that has fewer clients than its stored outboxes, as long as those have messages: nobody would deliver them. Those that
 * are given up are removed.
 * @throws MillraceError JOB_CHANGED
 */
export const settleClients = async (
  store: Store,
  { job, giveUp }: ManifestOwner,
  { opened, now }: { readonly opened: ReadonlySet<string>; readonly now: JobManifest },
): Promise<void> => {
  const orphans = orphansIn(store, opened);
  const lost = orphans.filter(({ client }) => !giveUp.includes(`client ${client}`));
  if (lost.length > 0) throw orphaned(job, lost);
  if (orphans.length === 0) return;
  const removing = orphans.map(({ sink, client }) => keysOfClient(sink, client));
  await noteManifest(store, { ...now, removing });
  for (const { client, messages } of orphans) tellGivenUp(job, `client ${client}`, messagesText(messages));
  await removeAll(store, removing, now);
};

/** An outbox that nobody has, and how many messages are in it. */
interface Orphan {
  readonly sink: string;
  readonly client: string;
  readonly messages: number;
}

/** Those that are empty stay: their client may come back, and finds its session. */
const orphansIn = (view: StoreView, opened: ReadonlySet<string>): readonly Orphan[] => {
  const orphans: Orphan[] = [];
  for (const { key, value } of view.range(storeKeys.outboxes, storeKeys.outboxesEnd)) {
    const { low, end } = readOutboxHead(value);
    const [, sink = '', client = ''] = key.split('/').map(decodeURIComponent);
    if (low < end && !opened.has(key)) orphans.push({ sink, client, messages: end - low });
  }
  return orphans;
};

const orphaned = (job: string, lost: readonly Orphan[]): MillraceError => {
  const clients = lost.map(({ client }) => client);
  const what = lost.map(({ client, messages }) => `${client} (${messagesText(messages)})`).join(', ');
  return new MillraceError(
    'JOB_CHANGED',
    `job "${job}" has undelivered messages of clients that it has no more: ${what}`,
    {
      advice: `Run it with its former parallelism and client ids until their messages are delivered, or ${waysOut(clients.map((client) => `client ${client}`))}`,
      details: { job, clients },
    },
  );
};
