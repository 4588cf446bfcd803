import type { Output } from './job/reporter.js';

/** `value` takes one argument, `list` one or more and may repeat, `flag` none. */
export type OptionKind = 'value' | 'list' | 'flag';

/** What a command line may say, and how the help tells it. */
export interface CommandOption {
  readonly kind: OptionKind;
  /** Its letter, behind one dash. */
  readonly short?: string;
  /** What the help puts behind the name: `URL`. */
  readonly argument?: string;
  /** A line break stays one. An option without it is told with the next: `--cert F --key F`. */
  readonly help?: string;
  /** The help leaves it out, for it is told with the option of the same name for both sides. */
  readonly ofOneSide?: true;
  /** Stands in the usage. That it is given is for `parse` to see. */
  readonly required?: true;
  /** The words that it takes, for completion. */
  readonly choices?: readonly string[];
  /** What to write in place of a second argument, where one may be expected to follow. */
  readonly insteadOfMore?: string;
}

/** By name, without the dashes, in the order of the help. */
export type CommandOptions = Readonly<Record<string, CommandOption>>;

/**
 * A command of `millrace`: all that the help, completion, the documents' check and `main` know of it. `Given` is what `parse` gives to
 * `run`.
 */
export interface Command<Given = unknown> {
  /** The first word of the command line. */
  readonly name: string;
  /** A line in the list of commands. */
  readonly summary: string;
  /** What stands outside of options: its word in the usage, and the words that it can be. */
  readonly positional?: { readonly name: string; readonly choices?: readonly string[] };
  /** Between usage and options. */
  readonly about: string;
  /** All that it takes; the common ones are among them. */
  readonly options: CommandOptions;
  /** Behind the options. */
  readonly ending?: string;
  /** A message or an advice of the library in the words of this command. Default: as it is, for who has written a program. */
  readonly words?: (text: string) => string;
  /** Throws INVALID_OPTIONS. Nothing is started. */
  parse(args: readonly string[], environment: NodeJS.ProcessEnv): Given;
  /** Gives the exit code; throws what is wrong with the command line, or with what it names. */
  run(given: Given, output: Output): Promise<number>;
}
