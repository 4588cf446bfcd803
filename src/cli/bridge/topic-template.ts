import { MillraceError } from '../../errors/index.js';
import { unsharedFilter } from '../../mqtt/protocol/topic.js';
import { usageError } from '../options/usage-error.js';

/** A topic with placeholders, ready to be filled in from a received topic. */
export interface TopicTemplate {
  /** The topic to publish to. Throws INVALID_TOPIC when the received topic has fewer levels than a placeholder asks for. */
  fill(topic: string): string;
  /** The highest N of `{level.N}`; 0 when there is none. */
  readonly highestLevel: number;
}

type Part = { readonly text: string } | { readonly level: number } | 'topic';

const TOKEN = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;

/**
 * Reads a template: `{topic}` is the whole received topic, `{level.N}` its N-th level, counted from 1; `{{` and `}}` stand for
 * the braces themselves. Throws INVALID_OPTIONS on any other placeholder and on a literal part that no topic may have.
 */
export function parseTopicTemplate(template: string): TopicTemplate {
  const parts = [...template.matchAll(TOKEN)].map((match) => parsePart(match[0], match[1]));
  if (/[+#\0]/.test(template)) throw templateError('a topic to publish to cannot hold +, # or NUL');
  const levels = parts.map((part) => (typeof part === 'object' && 'level' in part ? part.level : 0));
  return { fill: (topic) => fillParts(parts, topic), highestLevel: Math.max(0, ...levels) };
}

/** A filter of which no topic has the levels that a template asks for. */
export function tooShortFor({ highestLevel }: TopicTemplate, filters: readonly string[]): string | undefined {
  return filters.find((filter) => longestTopic(filter) < highestLevel);
}

function longestTopic(filter: string): number {
  const levels = unsharedFilter(filter).split('/');
  return levels.at(-1) === '#' ? Number.POSITIVE_INFINITY : levels.length;
}

function parsePart(token: string, placeholder: string | undefined): Part {
  if (token === '{{' || token === '}}') return { text: token.charAt(0) };
  if (token === '{' || token === '}')
    throw templateError(`a single ${token} has no partner; write ${token}${token} for the brace itself`);
  if (placeholder === undefined) return { text: token };
  if (placeholder === 'topic') return 'topic';
  const level = /^level\.(\d{1,5})$/.exec(placeholder)?.[1];
  if (level === undefined) throw templateError(`{${placeholder}} is unknown; {topic} and {level.N} are there`);
  if (Number(level) === 0) throw templateError('{level.N} counts from 1: {level.1} is the first level');
  return { level: Number(level) };
}

function fillParts(parts: readonly Part[], topic: string): string {
  if (parts.length === 1 && parts[0] === 'topic') return topic;
  let filled = '';
  let levels: readonly string[] | undefined;
  for (const part of parts) {
    if (part === 'topic') {
      filled += topic;
    } else if ('text' in part) {
      filled += part.text;
    } else {
      levels ??= topic.split('/');
      filled += levelOf(levels, part.level, topic);
    }
  }
  return filled;
}

function levelOf(levels: readonly string[], level: number, topic: string): string {
  const value = levels[level - 1];
  if (value !== undefined) return value;
  throw new MillraceError('INVALID_TOPIC', `the topic '${topic}' has no level ${level}`, {
    advice: 'Narrow --topic, or use a placeholder of --to-topic that every received topic has.',
    details: { topic, level },
  });
}

function templateError(message: string): MillraceError {
  return usageError(`--to-topic: ${message}`, 'to-topic');
}
