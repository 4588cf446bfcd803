import type { Command } from '../command.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Output } from '../job/reporter.js';
import { collectOptions } from '../options/collect-options.js';
import { inWords } from '../options/in-words.js';
import { usageError } from '../options/usage-error.js';
import { type CompletionScript, SCRIPTS } from './completion-scripts.js';

const SHELLS = Object.keys(SCRIPTS);

const ABOUT = `Prints what teaches a shell the commands and options: ${inWords(SHELLS)}. For bash, in ~/.bashrc:

  eval "$(millrace completion bash)"
`;

/** Completes the commands that are given, and itself. */
export function completionCommand(commands: readonly Command[]): Command {
  const completion: Command<CompletionScript> = {
    name: 'completion',
    summary: `Print the completion script of a shell: ${inWords(SHELLS)}`,
    positional: { name: 'SHELL', choices: SHELLS },
    about: ABOUT,
    options: {},
    parse: parseShell,
    run: async (script, output: Output) => {
      output.stdout(script([...commands, completion]));
      return EXIT_CODE.OK;
    },
  };
  return completion;
}

function parseShell(args: readonly string[]): CompletionScript {
  const [shell] = collectOptions(args, {}, 1).positionals;
  const script = Object.entries(SCRIPTS).find(([name]) => name === shell)?.[1];
  if (script === undefined) throw usageError(`SHELL must be ${inWords(SHELLS)}`);
  return script;
}
