/** Narrows to what has properties, whose values nobody has looked at yet; an array is one, too. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
