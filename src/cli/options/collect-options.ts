import { parseArgs } from 'node:util';
import { closestName } from '../../internal/options/closest-name.js';
import type { CommandOptions } from '../command.js';
import { ourNameOf } from './other-clients.js';
import { usageError } from './usage-error.js';

/** What stood on the command line, checked for shape only. */
export interface CollectedOptions {
  /** Of a `value` option; undefined where it was not given. */
  value(name: string): string | undefined;
  /** Of a `list` option, over all times that it was given; empty where it was not. */
  list(name: string): readonly string[];
  flag(name: string): boolean;
  /** What stood outside of options, in its order; not more than the command takes. */
  readonly positionals: readonly string[];
}

/** Options that people try and that are refused on purpose. */
const NO_PASSWORD =
  'a password on the command line can be read by every user of this machine: use --password-env or --password-file';
const REFUSED: Readonly<Record<string, string>> = {
  password: NO_PASSWORD,
  P: NO_PASSWORD,
  pw: NO_PASSWORD,
  insecure: 'a certificate that is not verified protects nothing: give the authority of the broker by --ca',
  'http-token':
    'a token on the command line can be read by every user of this machine: use --http-token-env or --http-token-file',
};

/**
 * Splits a command line into options and positionals. Throws INVALID_OPTIONS on an unknown option, a missing value or a
 * repeated option. `maxPositionals` bounds what stands outside of options.
 */
export function collectOptions(
  args: readonly string[],
  known: CommandOptions,
  maxPositionals: number,
): CollectedOptions {
  const collected = new Map<string, string[]>();
  const positionals: string[] = [];
  let openList: string[] | undefined;
  let previous: string | undefined;
  for (const token of tokensOf(args, known)) {
    if (token.kind === 'option') {
      const values = optionValues(token, known, collected);
      openList = known[token.name]?.kind === 'list' ? values : undefined;
      previous = token.name;
    } else if (token.kind === 'positional') {
      const target = openList ?? positionals;
      target.push(token.value);
      if (positionals.length > maxPositionals) throw unexpectedArgument(previous, known);
    } else {
      openList = undefined;
    }
  }
  return {
    value: (name) => collected.get(name)?.[0],
    list: (name) => collected.get(name) ?? [],
    flag: (name) => collected.has(name),
    positionals,
  };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function tokensOf(args: readonly string[], known: CommandOptions) {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { kind, short }]) => [
      name,
      { type: kind === 'flag' ? ('boolean' as const) : ('string' as const), ...(short === undefined ? {} : { short }) },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function optionValues(token: OptionToken, known: CommandOptions, collected: Map<string, string[]>): string[] {
  const kind = Object.hasOwn(known, token.name) ? known[token.name]?.kind : undefined;
  if (kind === undefined) throw unknownOption(token.name, token.rawName, known);
  const before = collected.get(token.name);
  if (before !== undefined && kind === 'value') throw usageError(`--${token.name} is given twice`, token.name);
  const values = before ?? [];
  collected.set(token.name, values);
  if (kind === 'flag') {
    if (token.inlineValue === true) throw usageError(`--${token.name} takes no value`, token.name);
    return values;
  }
  values.push(requiredValue(token));
  return values;
}

function requiredValue(token: OptionToken): string {
  const { name, value } = token;
  const looksLikeOption = token.inlineValue !== true && value?.startsWith('--') === true;
  if (value === undefined || value === '' || looksLikeOption) throw usageError(`--${name} needs a value`, name);
  return value;
}

function unknownOption(name: string, rawName: string, known: CommandOptions) {
  const refused = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
  if (refused !== undefined) return usageError(`${rawName} is not an option: ${refused}`, name);
  const ours = ourNameOf(name, known);
  if (ours !== undefined) return usageError(`there is no option ${rawName} here: --${ours} does that`, name);
  const closest = closestName(name, Object.keys(known));
  return usageError(`unknown option ${rawName}${closest === undefined ? '' : `, did you mean --${closest}?`}`, name);
}

function unexpectedArgument(previous: string | undefined, known: CommandOptions) {
  if (previous === undefined) return usageError('unexpected argument');
  const instead = known[previous]?.insteadOfMore;
  return usageError(`unexpected argument after --${previous}${instead === undefined ? '' : `: ${instead}`}`, previous);
}
