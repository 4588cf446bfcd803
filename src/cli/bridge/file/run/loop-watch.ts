import { MillraceError } from '../../../../errors/index.js';
import { type Hop, wayBack } from '../plan/route-loops.js';

const ADVICE = 'Let the topic of the route lead out of the filters, or into an exclude.';

/** Refuses a message that would come back by the routes that run now: a reload changes what those of before must look for, too. */
export class LoopWatch {
  #hops: ReadonlyMap<string, Hop> = new Map();
  /** Those from whose brokers there is a way back: most bridges have none. */
  #leading: ReadonlySet<string> = new Set();

  use(hops: readonly Hop[]): void {
    this.#hops = new Map(hops.map((hop) => [hop.name, hop]));
    this.#leading = new Set(hops.filter((hop) => leadsBack(hop, hops)).map(({ name }) => name));
  }

  /** Throws INVALID_TOPIC for a topic to which the route is not to publish. */
  guardOf(name: string): (topic: string) => void {
    return (topic) => {
      const hop = this.#leading.has(name) ? this.#hops.get(name) : undefined;
      const way = hop === undefined ? undefined : wayBack(hop, topic, [...this.#hops.values()]);
      if (way === undefined) return;
      const message = `a message to '${topic}' would come back for ever: ${[name, ...way].join(' → ')}`;
      throw new MillraceError('INVALID_TOPIC', message, { advice: ADVICE, details: { topic, routes: way } });
    };
  }
}

function leadsBack({ from, to }: Hop, hops: readonly Hop[]): boolean {
  const seen = new Set<string>();
  const open = [to];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (place === from) return true;
    if (seen.has(place)) continue;
    seen.add(place);
    for (const hop of hops) if (hop.from === place) open.push(hop.to);
  }
  return false;
}
