import { matchesFilter } from '../protocol/topic.js';

/** Topics remembered; above it the memory starts anew. */
const CACHE_SIZE = 4096;

/** Whether a topic matches any of the filters, answered from memory for a topic that was seen before. */
export class TopicMatcher {
  readonly #filters: readonly string[];
  readonly #known = new Map<string, boolean>();
  #lastTopic: string | undefined;
  #lastAnswer = false;

  constructor(filters: readonly string[]) {
    this.#filters = filters;
  }

  matches(topic: string): boolean {
    if (topic === this.#lastTopic) return this.#lastAnswer;
    this.#lastTopic = topic;
    this.#lastAnswer = this.#known.get(topic) ?? this.#find(topic);
    return this.#lastAnswer;
  }

  #find(topic: string): boolean {
    const answer = this.#filters.some((filter) => matchesFilter(filter, topic));
    if (this.#known.size >= CACHE_SIZE) this.#known.clear();
    this.#known.set(topic, answer);
    return answer;
  }
}
