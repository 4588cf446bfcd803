import { setTimeout as sleep } from 'node:timers/promises';
import { unreachable } from '../../nats/index.js';
import { corruptError } from '../storage-error.js';
import type { PartitionStream, PortionRequest, StoredMessage } from './partition-stream.js';
import { readAhead } from './read-ahead.js';

/** What is asked for at once. It is held with the next one, which is on its way meanwhile. */
const PORTION_CHUNKS = 8;
const PORTION_BYTES = 4 * 1024 * 1024;
/** How long a replica may be behind, and nobody be there. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/**
 * The messages of one subject of a stream, in their order.
 * @param count so many there must be
 * @param what for messages
 * @throws MillraceError STORE_CORRUPT when there are fewer, CLUSTER_UNREACHABLE
 */
export async function* readChunks(
  stream: PartitionStream,
  subject: string,
  count: number,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  let left = count;
  const chunks = readAhead<StoredMessage>((last) => {
    if (left === 0) return undefined;
    const missing = `${what} lacks ${left} of ${count} chunks`;
    const request = {
      seq: (last?.seq ?? 0) + 1,
      count: Math.min(left, PORTION_CHUNKS),
      maxBytes: PORTION_BYTES,
      subject,
    };
    return portionOf(stream, request, { what, missing }).then((portion) => {
      left -= portion.length;
      return portion;
    });
  });
  for await (const { bytes } of chunks) yield bytes;
}

/** One chunk at least. */
async function portionOf(
  stream: PartitionStream,
  request: PortionRequest & { readonly subject: string },
  { what, missing }: { readonly what: string; readonly missing: string },
): Promise<readonly StoredMessage[]> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const chunks = await stream.portion(request);
    if (chunks.length > 0) return chunks;
    if (await isMissing(stream, request)) throw corruptError(missing);
    if (performance.now() > endsAt) throw unreachable(`${what}: no server has its next chunk`);
    await sleep(PAUSE_MS);
  }
}

/** A replica may be behind: whoever leads them is asked. */
const isMissing = async (
  stream: PartitionStream,
  { subject, seq }: { readonly subject: string; readonly seq: number },
): Promise<boolean> => (await stream.nextOf(subject, seq)) === undefined;
