import { unsharedFilter } from '../../../../mqtt/protocol/topic.js';

const PLACEHOLDER = /\{\{|\}\}|\{topic\}|\{level\.(\d+)\}/g;

/**
 * A filter that matches at least all that is published by a template to what matches a filter. What lies behind a `#` in the middle cannot be
 * said: the rest is `#` then; a level that is a wildcard in part is `+`.
 */
export function writtenFilter(template: string, filter: string): string {
  const read = unsharedFilter(filter);
  const levels = read.split('/');
  const text = template.replace(PLACEHOLDER, (token, level: string | undefined) => {
    if (token === '{{' || token === '}}') return token.charAt(0);
    return level === undefined ? read : levelOf(levels, Number(level));
  });
  const written: string[] = [];
  for (const level of text.split('/')) {
    if (level.includes('#')) return [...written, '#'].join('/');
    written.push(level.includes('+') ? '+' : level);
  }
  return written.join('/');
}

/** The N-th level of what matches; behind a `#` it is anything. */
function levelOf(levels: readonly string[], number: number): string {
  const many = levels.indexOf('#');
  const level = many >= 0 && number > many ? '+' : levels[number - 1];
  return level ?? '+';
}

/** Whether all that matches the second matches the first. */
export function coversFilter(wide: string, narrow: string): boolean {
  const [levels, others] = [unsharedFilter(wide).split('/'), unsharedFilter(narrow).split('/')];
  if (others[0]?.startsWith('$') === true && levels[0]?.startsWith('$') !== true) return false;
  for (let index = 0; ; index += 1) {
    const [level, other] = [levels[index], others[index]];
    if (level === '#') return true;
    if (level === undefined || other === undefined) return level === other;
    if (other === '#' || (level !== '+' && level !== other)) return false;
  }
}
