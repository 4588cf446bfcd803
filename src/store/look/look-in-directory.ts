import { isThere } from '../../internal/files/is-there.js';
import type { StoreMoment } from '../store.js';
import { findStores } from './found-stores.js';
import { lookAtStore } from './look-at-store.js';

/** As `StoreProvider.lookAt`, in a directory of stores. @throws as `lookAtStore` */
export async function lookInDirectory<T>(
  location: string,
  { job, partition }: { readonly job: string; readonly partition: number },
  use: (moment: StoreMoment) => Promise<T>,
): Promise<T | undefined> {
  if (!(await isThere(location))) return undefined;
  const { stores, problems } = await findStores(location, job);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const found = stores.find((one) => one.partition === partition);
  if (found === undefined) return undefined;
  return lookAtStore(found, async ({ records, problem: cut }) => {
    // what is behind it may have been acknowledged
    if (cut !== undefined) throw cut;
    return use(records);
  });
}
