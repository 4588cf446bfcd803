import type { Command } from '../command.js';

/** What a shell is to evaluate for these commands. Where no word is known the shell completes a file's name. */
export type CompletionScript = (commands: readonly Command[]) => string;

const EVERYWHERE = ['--help', '--version'];

/** What may follow `millrace`, or an option, or stand in the place of a command's positional. */
interface Choice {
  readonly command: string;
  /** Without one: the positional. */
  readonly option: string | undefined;
  readonly words: readonly string[];
}

function choicesOf(commands: readonly Command[]): readonly Choice[] {
  return commands.flatMap(({ name: command, positional, options }) => {
    const words = Object.entries(options).flatMap(([name, { choices }]) =>
      choices === undefined ? [] : [{ command, option: `--${name}`, words: choices }],
    );
    const own = positional?.choices;
    return own === undefined ? words : [...words, { command, option: undefined, words: own }];
  });
}

const optionsOf = ({ options }: Command) =>
  [...Object.keys(options).map((name) => `--${name}`), ...EVERYWHERE].join(' ');
const first = (commands: readonly Command[]) => [...commands.map(({ name }) => name), ...EVERYWHERE].join(' ');

/** A `case` of both shells: what was typed before the word decides. */
function cases(commands: readonly Command[], add: (words: string) => string): string {
  const choices = choicesOf(commands).map(
    ({ command, option = command, words }) => `    "${command} ${option}") ${add(words.join(' '))}; return ;;`,
  );
  return choices.join('\n');
}

function bash(commands: readonly Command[]): string {
  const add = (words: string) => `COMPREPLY=($(compgen -W "${words}" -- "$word"))`;
  const options = commands.map((command) => `      ${command.name}) ${add(optionsOf(command))} ;;`);
  return `_millrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then ${add(first(commands))}; return; fi
  case "\${COMP_WORDS[1]} $before" in
${cases(commands, add)}
  esac
  case "$word" in
    -*) case "\${COMP_WORDS[1]}" in
${options.join('\n')}
    esac ;;
  esac
}
complete -o default -F _millrace millrace
`;
}

function zsh(commands: readonly Command[]): string {
  const add = (words: string) => `compadd -- ${words}`;
  const options = commands.map((command) => `      ${command.name}) ${add(optionsOf(command))} ;;`);
  return `#compdef millrace
_millrace() {
  if (( CURRENT == 2 )); then ${add(first(commands))}; return; fi
  case "$words[2] $words[CURRENT-1]" in
${cases(commands, add)}
  esac
  if [[ "$PREFIX" == -* ]]; then
    case "$words[2]" in
${options.join('\n')}
    esac
  else _files; fi
}
compdef _millrace millrace
`;
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', ' ')}'`;
  const lines = commands.flatMap(({ name, summary, positional, options }) => {
    const within = `complete -c millrace -n '__fish_seen_subcommand_from ${name}'`;
    const own = positional?.choices === undefined ? [] : [`${within} -f -a '${positional.choices.join(' ')}'`];
    const told = Object.entries(options).map(([option, { kind, choices, help }]) => {
      const values = choices === undefined ? (kind === 'flag' ? '' : ' -r') : ` -x -a '${choices.join(' ')}'`;
      return `${within} -l ${option}${values}${help === undefined ? '' : ` -d ${quoted(help)}`}`;
    });
    return [`complete -c millrace -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`, ...own, ...told];
  });
  const always = ['help', 'version'].map((name) => `complete -c millrace -l ${name}`);
  return `${[...lines, ...always].join('\n')}\n`;
}

export const SCRIPTS: Readonly<Record<string, CompletionScript>> = { bash, zsh, fish };
