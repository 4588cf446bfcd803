/** What an event of a diagnostics channel tells; whoever publishes on it may be anybody. */
export type Facts = Readonly<Record<string, unknown>>;

/** Empty where nothing was told. */
export const factsOf = (value: unknown): Facts =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

/** Empty where it is no text. */
export const textOf = (facts: Facts, name: string): string => {
  const value = facts[name];
  return typeof value === 'string' ? value : '';
};
