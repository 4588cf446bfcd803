import { MillraceError } from '../../errors/millrace-error.js';
import type { Store, StoreView } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import { keysOfClient, messagesText } from '../layout/stored-parts.js';
import { readOutboxHead } from '../layout/values/outbox-head.js';
import { type ManifestOwner, tellGivenUp, waysOut } from './giving-up.js';
import { noteManifest, readManifest, removeAll } from './stored-manifest.js';

/**
 * Refuses a sink that has fewer clients than its stored outboxes, as long as those have messages: nobody would deliver them. Those that
 * are given up are removed.
 * @throws MillraceError JOB_CHANGED
 */
export const settleClients = async (
  store: Store,
  { job, giveUp }: ManifestOwner,
  opened: ReadonlySet<string>,
): Promise<void> => {
  const orphans = orphansIn(store, opened);
  const lost = orphans.filter(({ client }) => !giveUp.includes(`client ${client}`));
  if (lost.length > 0) throw orphaned(job, lost);
  if (orphans.length === 0) return;
  const removing = orphans.map(({ sink, client }) => keysOfClient(sink, client));
  await noteManifest(store, { ...readManifest(store), removing });
  for (const { client, messages } of orphans) tellGivenUp(job, `client ${client}`, messagesText(messages));
  await removeAll(store, removing);
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
