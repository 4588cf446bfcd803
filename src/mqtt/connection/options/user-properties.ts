import { shownValue } from '../../../internal/options/option-checks.js';
import type { UserProperty } from '../../protocol/properties.js';
import type { UserProperties } from './connect-options.js';
import type { OptionProblems } from './option-problems.js';

/** Both shapes as pairs. */
export function userPropertyPairs(properties: UserProperties): readonly UserProperty[] {
  if (isPairs(properties)) return properties;
  return Object.entries(properties).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : value.map((one) => [name, one] as const),
  );
}

function isPairs(properties: UserProperties): properties is readonly UserProperty[] {
  return Array.isArray(properties);
}

/** Those of options, as pairs. No problem repeats a value: it may be a secret. */
export function resolveUserProperties(
  name: string,
  given: UserProperties | undefined,
  problems: OptionProblems,
): readonly UserProperty[] | undefined {
  if (given === undefined) return undefined;
  const pairs = userPropertyPairs(given);
  for (const text of pairs.flat()) problems.text(name, text);
  return pairs;
}

/** Whether a value from JavaScript has one of both shapes. */
export function isUserProperties(value: unknown): value is UserProperties {
  if (Array.isArray(value)) return value.every((pair) => isTexts(pair) && pair.length === 2);
  return typeof value === 'object' && value !== null && Object.values(value).every(isTextOrTexts);
}

const isTextOrTexts = (value: unknown): boolean => typeof value === 'string' || isTexts(value);

/** What is wrong with a value that has none of both shapes: where, and what stands there. */
export function userPropertiesProblem(given: unknown): string {
  if (typeof given !== 'object' || given === null) return `userProperties is ${shownValue(given)}`;
  const isRight = Array.isArray(given) ? (one: unknown) => isTexts(one) && one.length === 2 : isTextOrTexts;
  const [name, value] = Object.entries(given).find(([, one]) => !isRight(one)) ?? [];
  return `userProperties${Array.isArray(given) ? `[${name}]` : `.${name}`} is ${shownValue(value)}`;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
