import { checkOptions, type OptionChecks } from '../internal/options/check-options.js';
import { invalidOptions } from '../internal/options/invalid-options.js';
import { notOptions } from '../internal/options/not-options.js';
import { anObject, flag, func, listOf, oneOf, someText, text } from '../internal/options/option-checks.js';
import { guaranteeCheck, onErrorCheck } from './option-checks.js';
import type { SinkDefinition } from './sink.js';
import type { SourceDefinition } from './source.js';

const BOTH = {
  name: someText,
  claims: listOf(text),
  claimScope: oneOf('job', 'engine'),
  claimsOf: func,
  load: func,
  refuse: func,
  onError: onErrorCheck,
};

const SOURCE: OptionChecks<SourceDefinition<unknown>> = {
  ...BOTH,
  defaultGuarantee: guaranteeCheck,
  needsStore: flag,
  deduplication: anObject,
  spread: oneOf('first', 'each', 'unsaid'),
  createReader: func,
};

const SINK: OptionChecks<SinkDefinition<never>> = {
  ...BOTH,
  letterFile: someText,
  createWriter: func,
  createDurableWriter: func,
};

/** Checks what `defineSource` is given: without types it may be anything. @throws MillraceError INVALID_OPTIONS */
export const checkSourceDefinition = (given: unknown): void =>
  check('source', given, SOURCE, ['needsStore', 'deduplication', 'spread', 'claimScope', 'claimsOf', 'load']);

/** The same for `defineSink`. @throws MillraceError INVALID_OPTIONS */
export const checkSinkDefinition = (given: unknown): void =>
  check('sink', given, SINK, ['createDurableWriter', 'letterFile', 'claimScope', 'claimsOf', 'load']);

const check = (kind: string, given: unknown, checks: OptionChecks<object>, mayLack: readonly string[]): void => {
  const whose = `the ${kind}`;
  const problem = notOptions(whose, given);
  if (problem !== undefined) throw invalidOptions(whose, [problem]);
  const definition = Object(given);
  const known = Object.keys(checks).map((name) => [name, Reflect.get(definition, name)] as const);
  const missing = known.filter(([name, value]) => value === undefined && !mayLack.includes(name));
  const problems = [
    ...checkOptions(whose, { ...unknownOf(definition), ...Object.fromEntries(known) }, checks).problems,
    ...missing.map(([name]) => `${name} is missing`),
  ];
  if (problems.length > 0) throw invalidOptions(`${kind} "${String(definition.name)}"`, problems);
};

/** An object of a class has what it likes. One that was defined before has `open`. */
const unknownOf = (definition: object): object => {
  if (Object.getPrototypeOf(definition) !== Object.prototype) return {};
  const { open: _, ...others } = { open: undefined, ...definition };
  return others;
};
