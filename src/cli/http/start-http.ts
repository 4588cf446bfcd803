import type { JobRunner } from '../../engine/index.js';
import { type Served, type ServeOptions, serve } from '../../http/index.js';
import type { Reporter } from '../job/reporter.js';

/** Serves the jobs of a runner, and says where; undefined where that is not asked for. */
export async function startHttp(
  runner: JobRunner,
  options: ServeOptions | undefined,
  reporter: Reporter,
): Promise<Served | undefined> {
  if (options === undefined) return undefined;
  const served = await serve(runner, options);
  const { url, exposed } = served;
  const control = options.allowControl === true;
  reporter.tell({
    event: 'http',
    text: `HTTP at ${url}${control ? ', control allowed' : ''}`,
    facts: { url, control },
  });
  if (exposed) {
    const note = `${url} is reached by others, and not encrypted: the token can be read on the way`;
    const advice = 'give --http-cert and --http-key, unix:PATH, or an address that only a proxy with TLS reaches';
    reporter.tell({ event: 'note', text: `note: ${note}: ${advice}`, facts: { note } });
  }
  return served;
}
