import { type Door, thrownBy } from './door.js';

interface Closable {
  close(): Promise<void>;
}

/** Opens a port and guards it. What opening throws names whose it is; a port that is refused is closed. */
export const openGuarded = async <P extends Closable>(
  door: Door,
  open: () => PromiseLike<P>,
  guard: (port: P) => P,
): Promise<P> => {
  const port = await opened(door, open);
  try {
    return guard(port);
  } catch (refusal) {
    await closeQuietly(port);
    throw refusal;
  }
};

const opened = async <P>(door: Door, open: () => PromiseLike<P>): Promise<P> => {
  try {
    return await open();
  } catch (thrown) {
    throw thrownBy(door, thrown);
  }
};

/** It may have no `close`, and what it throws is of no interest beside the refusal. */
const closeQuietly = async (port: Partial<Closable> | undefined): Promise<void> => {
  try {
    await port?.close?.();
  } catch {
    // the refusal is told
  }
};
