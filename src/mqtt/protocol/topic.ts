import { MillraceError } from '../../errors/index.js';

const MAX_TOPIC_BYTES = 65_535;
const SHARE = '$share/';
/** Printable ASCII, which is most topics. */
const PLAIN = /^[ -~]*$/;
const EMPTY_TOPIC = 'a topic has at least one character [MQTT-4.7.3-1]';
const WILDCARDS = 'a topic name has no wildcards [MQTT-3.3.2-2]';

/**
 * Why a text is no topic name for one who is careful, or undefined when it is one [MQTT-4.7.0-1, 4.7.3-1, 4.7.3-2, 4.7.3-3, 3.3.2-2].
 * Refuses the control characters and non-characters too that a sender should leave out and a receiver may refuse [MQTT-1.5.3
 * non-normative, 5: 1.5.4].
 */
export function topicNameProblem(topic: string): string | undefined {
  return receivedTopicProblem(topic) ?? textProblem(topic);
}

/** Why no message can be published to a topic: what the specification forbids, and nothing that it only advises against. */
function publishedTopicProblem(topic: string): string | undefined {
  return receivedTopicProblem(topic) ?? forbiddenProblem(topic);
}

/**
 * Why a topic that was received is none [MQTT-4.7.0-1, 4.7.3-1, 3.3.2-2]. Control characters and non-characters are the sender's
 * fault, and a receiver may take them (5: 1.5.4). NUL and ill-formed text never come as far as this.
 */
export function receivedTopicProblem(topic: string): string | undefined {
  if (topic.length === 0) return EMPTY_TOPIC;
  return topic.includes('#') || topic.includes('+') ? WILDCARDS : undefined;
}

/** Why a text is no topic filter, or undefined when it is one [MQTT-4.7.1-1, 4.7.1-2, 4.7.3-1, 4.8.2-1, 4.8.2-2]. */
export function topicFilterProblem(filter: string): string | undefined {
  if (filter.length === 0) return 'a filter has at least one character [MQTT-4.7.3-1]';
  return sharedFilterProblem(filter) ?? wildcardProblem(unsharedFilter(filter)) ?? textProblem(filter);
}

/**
 * Throws INVALID_TOPIC when a message cannot be published to this topic. Takes control characters and non-characters: a message that came
 * with such a topic must be able to go on, and a broker that does not take it says so (R20a).
 */
export function checkTopicName(topic: string): void {
  const problem = publishedTopicProblem(topic);
  if (problem !== undefined) throw invalidTopic('topic name', topic, problem);
}

/** Throws INVALID_TOPIC when nothing can be subscribed by this filter. Knows `$share/{name}/{filter}`. */
export function checkTopicFilter(filter: string): void {
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) throw invalidTopic('topic filter', filter, problem);
}

/** The filter that a shared subscription applies (`a/#` of `$share/group/a/#`); any other filter as it is. */
export function unsharedFilter(filter: string): string {
  if (!filter.startsWith(SHARE)) return filter;
  const slash = filter.indexOf('/', SHARE.length);
  return slash < 0 ? filter : filter.slice(slash + 1);
}

/** Whether a filter is a shared subscription (`$share/{name}/{filter}`). */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith(SHARE);
}

/**
 * Whether a message with this topic is one for the subscription. A wildcard in the first level does not match a topic
 * that begins with `$` [MQTT-4.7.2-1]. Both must be valid.
 */
export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = unsharedFilter(filter);
  if (topic.startsWith('$') && !wanted.startsWith('$')) return false;
  let at = 0;
  let from = 0;
  for (;;) {
    const end = levelEnd(wanted, at);
    if (isLevel(wanted, at, end, '#')) return true;
    const topicEnd = levelEnd(topic, from);
    const same = end - at === topicEnd - from && wanted.startsWith(topic.slice(from, topicEnd), at);
    if (!same && !isLevel(wanted, at, end, '+')) return false;
    if (topicEnd === topic.length) return end === wanted.length || wanted.slice(end) === '/#';
    if (end === wanted.length) return false;
    at = end + 1;
    from = topicEnd + 1;
  }
}

/**
 * Whether some topic matches both filters, so that a broker may send one copy or two. A shared subscription counts as
 * the filter that it applies: its copy comes on top of the other's.
 */
export function filtersOverlap(a: string, b: string): boolean {
  const left = unsharedFilter(a).split('/');
  const right = unsharedFilter(b).split('/');
  if (hidesFrom(left[0], right[0]) || hidesFrom(right[0], left[0])) return false;
  for (let level = 0; ; level += 1) {
    const one = left[level];
    const other = right[level];
    if (one === '#' || other === '#') return true;
    if (one === undefined || other === undefined) return one === other;
    if (one !== '+' && other !== '+' && one !== other) return false;
  }
}

function hidesFrom(level: string | undefined, other: string | undefined): boolean {
  return level?.startsWith('$') === true && (other === '#' || other === '+');
}

function levelEnd(text: string, from: number): number {
  const slash = text.indexOf('/', from);
  return slash < 0 ? text.length : slash;
}

function isLevel(text: string, from: number, end: number, wildcard: string): boolean {
  return end - from === 1 && text[from] === wildcard;
}

function sharedFilterProblem(filter: string): string | undefined {
  if (!filter.startsWith(SHARE)) return undefined;
  const slash = filter.indexOf('/', SHARE.length);
  if (slash < 0 || slash === filter.length - 1) {
    return 'a shared subscription is $share/{name}/{filter} [MQTT-4.8.2-2]';
  }
  const name = filter.slice(SHARE.length, slash);
  if (name === '' || /[#+]/.test(name)) return 'a share name is not empty and has no wildcards [MQTT-4.8.2-1]';
  return undefined;
}

function wildcardProblem(filter: string): string | undefined {
  if (!filter.includes('#') && !filter.includes('+')) return undefined;
  const levels = filter.split('/');
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) {
      return '# stands alone in the last level [MQTT-4.7.1-1]';
    }
    if (level.includes('+') && level !== '+') return '+ stands alone in its level [MQTT-4.7.1-2]';
  }
  return undefined;
}

function textProblem(text: string): string | undefined {
  if (isPlain(text)) return undefined;
  for (const character of text) {
    // what a text is iterated by is never empty
    const code = character.codePointAt(0) as number;
    if (code > 0 && (code < 0x20 || (code >= 0x7f && code <= 0x9f))) return 'a topic has no control characters';
    if (isNonCharacter(code)) return 'a topic has no Unicode non-characters';
  }
  return forbiddenProblem(text);
}

/** Whatever it is for: NUL, lone surrogates, and more than the length field can say. */
function forbiddenProblem(text: string): string | undefined {
  if (isPlain(text)) return undefined;
  let bytes = 0;
  for (const character of text) {
    // what a text is iterated by is never empty
    const code = character.codePointAt(0) as number;
    if (code === 0) return 'a topic has no NUL character [MQTT-4.7.3-2]';
    if (code >= 0xd800 && code <= 0xdfff) return 'a topic has no lone surrogates [MQTT-1.5.3-1, 5: MQTT-1.5.4-1]';
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes > MAX_TOPIC_BYTES ? 'a topic has at most 65535 bytes of UTF-8 [MQTT-4.7.3-3]' : undefined;
}

function isPlain(text: string): boolean {
  return text.length <= MAX_TOPIC_BYTES && PLAIN.test(text);
}

function isNonCharacter(code: number): boolean {
  return (code & 0xfffe) === 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
}

function invalidTopic(what: string, topic: string, problem: string): MillraceError {
  const shown = topic.length > 200 ? `${topic.slice(0, 200)}…` : topic;
  return new MillraceError('INVALID_TOPIC', `Invalid ${what} ${JSON.stringify(shown)}: ${problem}`, {
    details: { topic: shown },
  });
}
