import { MillraceError } from '../../../errors/millrace-error.js';
import type { OverReconnect } from '../../protocol/session/finished/broker-counter.js';
import { type DigestPage, isDigestPage } from '../../protocol/session/finished/message-digests.js';
import { areIdRuns } from '../../protocol/session/inbound/id-runs.js';
import type { InboundMemory } from '../../protocol/session/session-state.js';

const OVER_RECONNECT: readonly OverReconnect[] = ['unseen', 'counted', 'jumped'];
/** Numbers before the runs. */
const COUNTER = 4;

/** What R2b remembers and a commit stores as a whole: the digests are in pages. */
type WholeMemory = Omit<InboundMemory, 'digests'>;

/**
 * As a commit has it: one array, because it is made for each. The counter's newest, run, order in `OVER_RECONNECT` and free; then the
 * finished ids as runs.
 */
export const toStoredMemory = ({ finished, counter }: WholeMemory): Uint16Array => {
  const stored = new Uint16Array(COUNTER + finished.length);
  stored[0] = counter.newest;
  stored[1] = counter.run;
  stored[2] = OVER_RECONNECT.indexOf(counter.overReconnect);
  stored[3] = counter.free;
  stored.set(finished, COUNTER);
  return stored;
};

/** Undefined for what `toStoredMemory` cannot have made. */
export const fromStoredMemory = (stored: unknown): WholeMemory | undefined => {
  if (!(stored instanceof Uint16Array)) return undefined;
  const [newest = 0, run = 0, order = 0, free = 0] = stored;
  const overReconnect = OVER_RECONNECT[order];
  const finished = stored.slice(COUNTER);
  if (stored.length < COUNTER || overReconnect === undefined || !areIdRuns(finished)) return undefined;
  return { finished, counter: { newest, run, overReconnect, free } };
};

/** As a snapshot has them. */
export const toStoredPages = (pages: readonly DigestPage[]): ReadonlyMap<string, Uint8Array> =>
  new Map(pages.map(({ page, digests }) => [String(page), new Uint8Array(digests.buffer)]));

/** @throws MillraceError STORE_CORRUPT for pages that an MQTT source cannot have stored */
export const fromStoredPages = (stored: ReadonlyMap<string, Uint8Array>, source: string): readonly DigestPage[] =>
  Array.from(stored, ([name, bytes]) => {
    const whole = bytes.byteLength % Int32Array.BYTES_PER_ELEMENT === 0;
    // the store's bytes may begin anywhere
    const page = { page: Number(name), digests: new Int32Array(whole ? bytes.slice().buffer : []) };
    if (isDigestPage(page)) return page;
    throw new MillraceError('STORE_CORRUPT', `source "${source}": a stored page is not that of an MQTT source`, {
      advice:
        'If another kind of source had this name before, give this one another name; otherwise restore the store.',
      details: { source },
    });
  });
