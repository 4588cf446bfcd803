/*
 * A process that tries a store, and may be ended by it: see `try-in-child.ts`. Its argument is the path of the file; what it finds, and
 * that it came to its end, it says in one message.
 */
import { MillraceError } from '../../../errors/index.js';
import { findDamage } from './try-store.js';

const [, , path = ''] = process.argv;

function say(damage: string | undefined): void {
  process.send?.({ damage }, () => process.disconnect());
}

try {
  say(await findDamage(path));
} catch (error) {
  const { code, message } = MillraceError.from(error);
  // what is no damage is told when the store is opened
  say(code === 'STORE_CORRUPT' ? message : undefined);
}
