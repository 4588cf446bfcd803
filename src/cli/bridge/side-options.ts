import type { CommandOption, CommandOptions } from '../command.js';
import type { CollectedOptions } from '../options/collect-options.js';

/** The reading and the publishing end. */
export type Side = 'from' | 'to';

/** The same options for one side, named with it in front: `from-ca`. The help tells them together. */
export function forSide(side: Side, options: CommandOptions): CommandOptions {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]): readonly [string, CommandOption] => [
      `${side}-${name}`,
      { ...option, help: `Of --${side} alone: see --${name}`, ofOneSide: true },
    ]),
  );
}

/** The name under which an option was given for a side: what is said of that side counts before what is said of both. */
export function nameFor(options: CollectedOptions, side: Side, name: string): string {
  const own = `${side}-${name}`;
  return options.list(own).length > 0 ? own : name;
}
