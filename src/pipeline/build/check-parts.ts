import { MillraceError } from '../../errors/millrace-error.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { func, someText } from '../../internal/options/option-checks.js';

/**
 * Checks the functions of a stage where it is added: without types anything may be given.
 * @param stage its kind: `map`
 * @param functions by the names of the parameters; one that may be left out is not among them
 * @throws MillraceError INVALID_OPTIONS with all problems at once
 */
export const checkFunctions = (stage: string, functions: Readonly<Record<string, unknown>>): void => {
  const problems = Object.entries(functions).flatMap(([name, given]) => func(given, name));
  if (problems.length > 0) throw invalidOptions(stage, problems);
};

/** @throws MillraceError INVALID_OPTIONS */
export const checkName = (name: unknown): void => {
  const problems = someText(name, 'the name of a stage');
  if (problems.length > 0) throw invalidOptions('setName', problems);
};

/** @throws MillraceError INVALID_OPTIONS for what is no source: a builder that was not built, mostly */
export const checkSource = (given: unknown): void => checkPart(given, 'readFrom: it is no source', 'createReader');

/** @throws MillraceError INVALID_OPTIONS for what is no sink */
export const checkSink = (given: unknown): void => checkPart(given, 'writeTo: it is no sink', 'createWriter');

/** @throws MillraceError INVALID_OPTIONS for what is no table */
export const checkTable = (given: unknown): void => {
  if (hasMethod(given, 'open')) return;
  throw new MillraceError('INVALID_OPTIONS', 'lookup: it is no table', {
    advice: 'Tables and MqttSources.table make tables.',
  });
};

const checkPart = (given: unknown, problem: string, door: string): void => {
  if (hasMethod(given, door)) return;
  throw new MillraceError('INVALID_OPTIONS', problem, {
    advice: hasMethod(given, 'build')
      ? 'It is a builder: call build() at the end of its steps.'
      : 'MqttSources, MqttSinks, SourceBuilder, SinkBuilder and Sinks make sources and sinks.',
  });
};

const hasMethod = (given: unknown, name: string): boolean =>
  typeof given === 'object' && given !== null && typeof Reflect.get(given, name) === 'function';
