import { MillraceError } from '../../../src/errors/index.js';
import { openStores } from './store-form.js';
import { historyCommit } from './store-history.js';

/*
 * A process that writes the history of `store-history.ts` to a store and says what is durable:
 *   store-writer.ts DIR FROM TO [ROWS [FORM]]
 * stdout: `open`, `durable N` for each commit, and at an error `failed CODE`, `again CODE` for a commit after it, `closed`.
 */

const [dir = '', from = '0', to = '0', rows = '20', form = 'lmdb'] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const codeOf = (error: unknown): string => (error instanceof MillraceError ? error.code : String(error));

try {
  const stores = await openStores(dir, form === 'embedded' ? form : 'lmdb');
  try {
    const store = await stores.open('history', 0);
    say('open');
    try {
      for (let number = Number(from); number < Number(to); number++) {
        await store.commit(historyCommit(number, Number(rows)));
        say(`durable ${number}`);
      }
    } catch (error) {
      say(`failed ${codeOf(error)}`);
      const again = store.commit(historyCommit(0, 1));
      await again.then(
        () => say('again resolved'),
        (second: unknown) => say(`again ${second === error ? 'the same' : codeOf(second)}`),
      );
    }
  } finally {
    await stores.close();
    say('closed');
  }
} catch (error) {
  say(`not opened ${codeOf(error)}`);
}
