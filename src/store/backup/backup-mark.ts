import { join } from 'node:path';
import { MillraceError } from '../../errors/index.js';
import { isThere } from '../../internal/files/is-there.js';
import { makeWhole } from '../../internal/files/make-whole.js';

/** Says of a directory that it is a copy. */
const NAME = 'backup.json';

/** What is written into a copy. */
export interface BackupMark {
  readonly takenAt: string;
  /** The directory that it is of. */
  readonly of: string;
}

/** Marks a directory as a copy, durably. */
export async function markBackup(directory: string, mark: BackupMark): Promise<void> {
  const path = join(directory, NAME);
  await makeWhole(path, `${path}.new`, (file) => file.writeFile(`${JSON.stringify(mark)}\n`));
}

/**
 * A copy is older than the sessions at the brokers, and they cannot tell: who goes on with it must have said so.
 * @throws MillraceError INVALID_STATE for a directory that is marked
 */
export async function refuseBackup(directory: string): Promise<void> {
  const path = join(directory, NAME);
  if (!(await isThere(path))) return;
  throw new MillraceError('INVALID_STATE', `${directory} is a backup: it is older than what the brokers know`, {
    advice: `What was acknowledged since is not in it, and what was delivered since goes out again (docs/operations.md, "Backup and restore"). Have the sessions at the brokers thrown away, or accept both; then remove ${path}.`,
    details: { path },
  });
}
