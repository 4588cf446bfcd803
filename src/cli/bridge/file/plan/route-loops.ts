import { filtersOverlap, matchesFilter, unsharedFilter } from '../../../../mqtt/protocol/topic.js';
import { sampleTopic } from '../../loop-guard.js';
import type { TopicTemplate } from '../../topic-template.js';
import { coversFilter, writtenFilter } from './written-filter.js';

/** What decides where a message goes: a route, as far as its brokers and topics go. */
export interface Hop {
  readonly name: string;
  /** In the one form in which brokers are compared. */
  readonly from: string;
  readonly to: string;
  readonly filters: readonly string[];
  readonly excluded: readonly string[];
  readonly template: TopicTemplate;
  /** As it was given. */
  readonly templateText: string;
}

/** More ways than that are not followed: a message that is copied so often does not go unnoticed. */
const MOST_STEPS = 1000;

const reads = ({ filters, excluded }: Hop, topic: string): boolean =>
  filters.some((filter) => matchesFilter(filter, topic)) && !excluded.some((filter) => matchesFilter(filter, topic));

/** By which routes a message that one has published to a topic comes back to it, in their order, its own name last; undefined: by none. */
export function wayBack(start: Hop, topic: string, hops: readonly Hop[]): readonly string[] | undefined {
  const open: { readonly place: string; readonly topic: string; readonly way: readonly string[] }[] = [
    { place: start.to, topic, way: [] },
  ];
  const seen = new Set<string>();
  for (let next = open.pop(), steps = 0; next !== undefined && steps < MOST_STEPS; next = open.pop(), steps += 1) {
    const { place, topic: at, way } = next;
    const key = `${place}\0${at}`;
    if (seen.has(key) || way.length > hops.length) continue;
    seen.add(key);
    for (const hop of hops) {
      if (hop.from !== place || !reads(hop, at)) continue;
      if (hop.name === start.name) return [...way, hop.name];
      const led = filled(hop, at);
      if (led !== undefined) open.push({ place: hop.to, topic: led, way: [...way, hop.name] });
    }
  }
  return undefined;
}

/** undefined: the topic has fewer levels than the template asks for, so it is rejected there. */
function filled({ template }: Hop, topic: string): string | undefined {
  return topic.split('/').length < template.highestLevel ? undefined : template.fill(topic);
}

/** By which routes all that matches one of a route's filters comes back, whatever its levels are. */
export function certainLoop(hop: Hop, hops: readonly Hop[]): readonly string[] | undefined {
  for (const filter of hop.filters) {
    const sample = sampleTopic(filter, hop.template.highestLevel);
    const topic = filled(hop, sample);
    const way = topic === undefined || !reads(hop, sample) ? undefined : wayBack(hop, topic, hops);
    if (way !== undefined) return way;
  }
  return undefined;
}

/** By which routes some topic may come back. What it finds may be none: topics are compared as filters. */
export function possibleLoop(start: Hop, hops: readonly Hop[]): readonly string[] | undefined {
  const open = start.filters.map((filter) => ({ hop: start, read: filter, way: [] as readonly string[] }));
  const seen = new Set<string>();
  for (let next = open.pop(), steps = 0; next !== undefined && steps < MOST_STEPS; next = open.pop(), steps += 1) {
    const { hop, read, way } = next;
    const written = writtenFilter(hop.templateText, read);
    if (seen.has(`${hop.name}\0${written}`)) continue;
    seen.add(`${hop.name}\0${written}`);
    for (const other of hops.filter(({ from }) => from === hop.to)) {
      for (const met of meeting(other, written)) {
        if (other.name === start.name) return [...way, other.name];
        open.push({ hop: other, read: met, way: [...way, other.name] });
      }
    }
  }
  return undefined;
}

/** What a route may read of what is written, as filters. */
function meeting(hop: Hop, written: string): readonly string[] {
  return hop.filters
    .flatMap((filter) => met(filter, written))
    .filter((filter) => !hop.excluded.some((excluded) => coversFilter(excluded, filter)));
}

function met(filter: string, written: string): readonly string[] {
  if (coversFilter(filter, written)) return [written];
  return filtersOverlap(filter, written) ? [unsharedFilter(filter)] : [];
}
