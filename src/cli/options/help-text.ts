import type { Command, CommandOption } from '../command.js';

const NAME_WIDTH = 13;
const OPTION_WIDTH = 21;
const EXIT_CODES = 'Exit codes: 0 done or stopped on request, 1 the job failed, 2 wrong usage.\n';

/** What `millrace --help` prints. */
export function mainHelp(commands: readonly Command[]): string {
  const lines = commands.map(({ name, positional, summary }) => {
    const call = positional === undefined ? name : `${name} ${positional.name}`;
    return `  ${column(call, NAME_WIDTH)}${summary}`;
  });
  return `Usage: millrace <command> [options]

Commands:
${lines.join('\n')}

  millrace <command> --help    The options of a command
  millrace --version           The version

${EXIT_CODES}`;
}

/** What `--help` prints behind a command. */
export function commandHelp(command: Command): string {
  return `Usage: millrace ${usageOf(command)} [options]

${command.about}
${optionLines(command)}  --help, --version

${command.ending ?? ''}${EXIT_CODES}`;
}

function usageOf({ name, positional, options }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.required === true);
  const positionals = positional === undefined ? [] : [positional.name];
  return [name, ...positionals, ...required.map(label)].join(' ');
}

function optionLines({ options }: Command): string {
  let labels: readonly string[] = [];
  let lines = '';
  for (const entry of Object.entries(options)) {
    if (entry[1].ofOneSide === true) continue;
    labels = [...labels, label(entry)];
    const { help } = entry[1];
    if (help === undefined) continue;
    lines += `  ${column(labels.join(' '), OPTION_WIDTH)}${help.replaceAll('\n', `\n${' '.repeat(OPTION_WIDTH + 2)}`)}\n`;
    labels = [];
  }
  return lines;
}

/** What is too wide has a line of its own. */
function column(text: string, width: number): string {
  return text.length < width - 1 ? text.padEnd(width) : `${text}\n${' '.repeat(width + 2)}`;
}

function label([name, { argument, short }]: readonly [string, CommandOption]): string {
  const names = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
  return names.map((said) => (argument === undefined ? said : `${said} ${argument}`)).join(', ');
}
