import { join } from 'node:path';
import { jobDirectoryName } from './job-directory-name.js';
import { makeStoreDirectory } from './store-directory.js';

/**
 * The directory of a job in that of all stores, made where it does not exist.
 * @throws MillraceError as `makeStoreDirectory`
 */
export async function makeJobDirectory(location: string, job: string): Promise<string> {
  const directory = join(location, jobDirectoryName(job));
  await makeStoreDirectory(directory);
  return directory;
}
