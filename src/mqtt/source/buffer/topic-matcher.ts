import { matchesFilter } from '../../protocol/topic.js';
import { TextMemory } from '../text-memory.js';

/** Topics remembered, and characters of all of them; above either the memory starts anew. */
const MAX_TOPICS = 4096;
const MAX_CHARACTERS = 1024 * 1024;

/** Whether a topic matches any of the filters, answered from memory for a topic that was seen before. */
export class TopicMatcher {
  readonly #filters: readonly string[];
  readonly #known = new TextMemory<boolean>(MAX_TOPICS, MAX_CHARACTERS);
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
    this.#known.set(topic, answer);
    return answer;
  }
}
