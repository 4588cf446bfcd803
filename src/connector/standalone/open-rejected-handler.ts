import { openWriter } from '../guards/guarded-writer.js';
import type { OpenContext } from '../open-context.js';
import type { OnError } from '../sink.js';
import type { RejectedHandler } from './rejected-handler.js';
import { SinkPump } from './sink-pump.js';

/** The first letter is the reason; the source or sink ends with it. */
const failing: RejectedHandler = {
  handle: async ([letter]) => {
    if (letter !== undefined) throw letter.error;
  },
  close: async () => {},
};

const skipping = ({ metrics }: OpenContext, origin: string): RejectedHandler => {
  const skipped = metrics.counter('millrace_items_skipped_total', 'Rejected items that were skipped', { origin });
  return { handle: async (letters) => skipped.add(letters.length), close: async () => {} };
};

/** Opens what stands in front of a handler; the handler is closed when that fails. */
export const openOrClose = async <R>(handler: RejectedHandler, open: () => Promise<R>): Promise<R> => {
  try {
    return await open();
  } catch (error) {
    await handler.close();
    throw error;
  }
};

/** Resolves `onError`: opens the dead-letter sink, where there is one, and whatever that one needs. */
export const openRejectedHandler = async (
  onError: OnError,
  context: OpenContext,
  origin: string,
): Promise<RejectedHandler> => {
  if (onError === 'fail') return failing;
  if (onError === 'skip') return skipping(context, origin);
  const { deadLetter } = onError;
  // from the end of the chain: a dead-letter sink takes nothing before its own letters have a place
  const nested = await openRejectedHandler(deadLetter.onError, context, deadLetter.name);
  const open = () => openWriter(deadLetter.name, () => deadLetter.createWriter(context));
  const pump = new SinkPump(await openOrClose(nested, open), nested);
  return {
    handle: async (letters) => pump.whenDelivered(await pump.write(letters)),
    close: () => pump.close(),
  };
};
