import { closestName } from '../../../../internal/options/closest-name.js';
import { inWords } from '../../../options/in-words.js';
import { FORMATS } from '../shape/formats.js';
import type { Field, RecordShape, Shape, ValueOf } from '../shape/shape.js';
import type { FileEntry, FileMap, FileScalar, FileValue } from './file-value.js';
import type { Place, ProblemCode, Problems } from './problem.js';
import { replaceVariables } from './replace-variables.js';

/** All that is read of a file, with what was replaced, has at most so many characters. */
const MOST_REPLACED = 1024 * 1024;
/** A key that is not one may be a secret in the wrong place; it is repeated only where it looks like a key. */
const LIKE_A_KEY = /^[A-Za-z][A-Za-z_-]{0,31}$/;
/** At the top, for anchors. */
const OWN_KEY = /^x-/;

/** Where what a file says stands, by its path. */
export type Places = ReadonlyMap<string, Place>;

/** A file that is held to its declaration. */
export interface Checked<S> {
  /** undefined with problems. */
  readonly value: ValueOf<S> | undefined;
  readonly places: Places;
  /** The paths of texts that stand in the file itself, and not in the environment. */
  readonly literals: ReadonlySet<string>;
}

/** Holds a value to a declaration. What is wrong is added to `problems`. */
export function checkShape<const S extends RecordShape>(
  root: FileValue,
  shape: S,
  { environment, problems }: { readonly environment: NodeJS.ProcessEnv; readonly problems: Problems },
): Checked<S> {
  const check = new ShapeCheck(environment, problems);
  const value = check.value(root, shape, '');
  // it is what the declaration says, or there are problems
  const checked = problems.any ? undefined : (value as ValueOf<S>);
  return { value: checked, places: check.places, literals: check.literals };
}

class ShapeCheck {
  readonly places = new Map<string, Place>();
  readonly literals = new Set<string>();
  readonly #environment: NodeJS.ProcessEnv;
  readonly #problems: Problems;
  #characters = 0;

  constructor(environment: NodeJS.ProcessEnv, problems: Problems) {
    this.#environment = environment;
    this.#problems = problems;
  }

  value(given: FileValue, shape: Shape, path: string): unknown {
    this.places.set(path, given.place);
    switch (shape.kind) {
      case 'record':
        return given.kind === 'map'
          ? this.#record(given, shape, path)
          : this.#wrongType(given, 'keys and values', path);
      case 'named':
        if (given.kind !== 'map' || given.entries.size === 0)
          return this.#wrongType(given, `at least one ${shape.each}, by its name`, path);
        return this.#named(given, shape, path);
      case 'list':
        if (given.kind !== 'list' || given.items.length === 0)
          return this.#wrongType(given, 'a list of at least one, [a, b] or lines that begin with -', path);
        return given.items.map((item, index) => this.value(item, shape.of, `${path}[${index}]`));
      default:
        return given.kind === 'scalar'
          ? this.#scalar(given, shape, path)
          : this.#wrongType(given, EXPECTED[shape.kind](shape), path);
    }
  }

  #record(map: FileMap, { fields }: RecordShape, path: string): unknown {
    const names = Object.keys(fields);
    const values: Record<string, unknown> = {};
    for (const [name, entry] of map.entries) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const inner = path === '' ? name : `${path}.${name}`;
      if (field !== undefined) values[name] = this.value(entry.value, field.shape, inner);
      else if (path !== '' || !OWN_KEY.test(name)) this.#unknownKey(name, entry, { names, path });
    }
    for (const [name, field] of Object.entries(fields)) this.#required(map, { name, field, path });
    return values;
  }

  #required(map: FileMap, { name, field, path }: { name: string; field: Field; path: string }): void {
    if (field.required !== true || map.entries.has(name)) return;
    this.#tell('missing-key', map.place, path, `${name} is missing`);
  }

  #named(map: FileMap, shape: Extract<Shape, { kind: 'named' }>, path: string): unknown {
    const values = new Map<string, unknown>();
    for (const [name, { place, value }] of map.entries) {
      const problem = FORMATS.name(name);
      if (problem !== undefined) this.#tell('wrong-value', place, path, `a ${shape.each} must have ${problem}`);
      else values.set(name, this.value(value, shape.of, `${path}.${name}`));
      if (problem === undefined) this.places.set(`${path}.${name}`, place);
    }
    return values;
  }

  #unknownKey(name: string, { place }: FileEntry, { names, path }: { names: readonly string[]; path: string }): void {
    const named = LIKE_A_KEY.test(name) ? `${name} is no key` : 'this is no key';
    const nearest = LIKE_A_KEY.test(name) ? closestName(name, names) : undefined;
    const message = `${named} here${nearest === undefined ? `: ${inWords(names)} are` : ''}`;
    this.#problems.add({ code: 'unknown-key', place, path, message, nearest });
  }

  #scalar(given: FileScalar, shape: ScalarShape, path: string): unknown {
    const found = replaceVariables(given.text, this.#environment);
    if ('code' in found) return this.#tell(found.code, given.place, path, found.message);
    this.#characters += found.text.length;
    if (this.#characters > MOST_REPLACED) {
      if (this.#characters - found.text.length > MOST_REPLACED) return undefined;
      const message = `all values together are more than ${MOST_REPLACED} characters with their variables replaced`;
      return this.#tell('too-large', given.place, path, message);
    }
    const isNothing = found.text === '' || (given.plain && /^(?:~|null)$/i.test(given.text));
    const value = isNothing ? undefined : readScalar(found.text, shape);
    if (value === undefined) return this.#wrongScalar(given, shape, { path, text: found.text, isNothing });
    if (shape.kind !== 'text') return value;
    if (!found.replaced) this.literals.add(path);
    const problem = shape.format === undefined ? undefined : FORMATS[shape.format](found.text);
    return problem === undefined ? value : this.#tell('wrong-value', given.place, path, `must be ${problem}`);
  }

  #wrongScalar(
    { place }: FileScalar,
    shape: ScalarShape,
    { path, text, isNothing }: { path: string; text: string; isNothing: boolean },
  ): undefined {
    const code = isNothing ? 'wrong-type' : 'wrong-value';
    const nearest = shape.kind === 'choice' && !isNothing ? closestName(text, shape.of.map(String)) : undefined;
    const message = `${isNothing ? 'is empty: it ' : ''}must be ${EXPECTED[shape.kind](shape)}`;
    this.#problems.add({ code, place, path, message, nearest });
  }

  #wrongType({ place }: FileValue, expected: string, path: string): undefined {
    this.#tell('wrong-type', place, path, `must be ${expected}`);
  }

  #tell(code: ProblemCode, place: Place, path: string, message: string): undefined {
    this.#problems.add({ code, place, path, message });
  }
}

type ScalarShape = Exclude<Shape, { kind: 'record' | 'named' | 'list' }>;

/** The end of "must be", by what it is. */
const EXPECTED: { readonly [Kind in ScalarShape['kind']]: (shape: ScalarShape) => string } = {
  text: () => 'a text',
  choice: (shape) => (shape.kind === 'choice' ? inWords(shape.of.map(String)) : ''),
  whole: (shape) => `a whole number from ${'min' in shape ? shape.min : 0}${upTo(shape)}`,
  seconds: (shape) => `a number of seconds from 0${upTo(shape)}`,
  flag: () => 'true or false',
};

const upTo = (shape: ScalarShape): string => ('max' in shape ? ` to ${shape.max}` : '');

/** undefined: it is none. */
function readScalar(text: string, shape: ScalarShape): string | number | boolean | undefined {
  switch (shape.kind) {
    case 'text':
      return text;
    case 'choice':
      return shape.of.find((choice) => String(choice) === text);
    case 'flag':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    default: {
      const pattern = shape.kind === 'whole' ? /^\d{1,15}$/ : /^\d{1,9}(?:\.\d{1,9})?$/;
      const number = pattern.test(text) ? Number(text) : Number.NaN;
      return number >= (shape.min ?? 0) && number <= shape.max ? number : undefined;
    }
  }
}
