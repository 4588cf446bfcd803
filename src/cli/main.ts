#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { MillraceError } from '../errors/index.js';
import { causeLine, userCause } from '../errors/user-cause.js';
import { closestName } from '../internal/options/closest-name.js';
import { COMMANDS } from './commands.js';
import { EXIT_CODE, isWrongUsage } from './exit-code.js';
import { errorLine } from './job/error-line.js';
import type { Output } from './job/reporter.js';
import { commandHelp, mainHelp } from './options/help-text.js';
import { inWords } from './options/in-words.js';
import { usageError } from './options/usage-error.js';

const output: Output = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  columns: () => process.stderr.columns || 80,
  data: {
    isTerminal: process.stdout.isTTY === true,
    write: (bytes) =>
      new Promise((resolve) => {
        process.stdout.write(bytes, (error) => resolve(error === undefined || error === null));
      }),
  },
};

// A reader that goes away (`| head`) ends the output, not the bridge, and is no failure; a full disk is one.
let unwritten: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') unwritten ??= error;
});
process.stderr.on('error', () => {});

const [name, ...args] = process.argv.slice(2);
const command = COMMANDS.find((candidate) => candidate.name === name);
// Node ends a process that has nothing to wait for, and says nothing itself.
process.once('beforeExit', () => process.exit(tellFailure(neverSettles())));
// Everything is closed by now; a timer of the user's module must not keep the process.
process.exit(await written(await main()));

async function main(): Promise<number> {
  const informed = inform();
  if (informed !== undefined) {
    output.stdout(informed);
    return EXIT_CODE.OK;
  }
  try {
    if (command === undefined) throw unknownCommand();
    return await command.run(command.parse(args, process.env), output);
  } catch (error) {
    return tellFailure(error);
  }
}

/** What could not be written is told before the end. */
async function written(code: number): Promise<number> {
  await new Promise(setImmediate);
  if (unwritten === undefined || code !== EXIT_CODE.OK) return code;
  return tellFailure(new MillraceError('STORAGE_FAILED', `the output cannot be written: ${unwritten.message}`));
}

function neverSettles(): MillraceError {
  return new MillraceError(
    'USER_FUNCTION_FAILED',
    'ended: a promise of a function of yours, or of the module, never settles',
    {
      advice: 'Nothing else keeps the process. Give what it waits for a limit: calls of mapAsync have timeoutMs.',
    },
  );
}

/** What is wrong with the command line or the pipeline is wrong usage; anything else is a failure. */
function tellFailure(error: unknown): number {
  const prefix = command === undefined ? 'millrace' : `millrace ${command.name}`;
  const wrongUsage = isWrongUsage(error);
  const hint = wrongUsage ? `Try: ${prefix} --help\n` : '';
  const cause = userCause(error);
  // where a module cannot be loaded the message has the place already
  const caused = cause === undefined || /\(line \d+\)/.test(errorLine(error)) ? '' : `${prefix}: ${causeLine(cause)}\n`;
  output.stderr(`${prefix}: ${errorLine(error, command?.words)}\n${caused}${hint}`);
  return wrongUsage ? EXIT_CODE.USAGE : EXIT_CODE.FAILED;
}

/** `--help` and `--version` anywhere before `--` win over everything else. */
function inform(): string | undefined {
  const given = process.argv.slice(2, process.argv.includes('--') ? process.argv.indexOf('--') : undefined);
  if (given.includes('--help') || (hasShortHelp() && given.includes('-h')) || name === 'help') {
    return command === undefined ? mainHelp(COMMANDS) : commandHelp(command);
  }
  return given.includes('--version') ? `${version()}\n` : undefined;
}

/** Where MQTT clients have it, `-h` is the host. */
function hasShortHelp(): boolean {
  return !Object.values(command?.options ?? {}).some(({ short }) => short === 'h');
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}

function unknownCommand() {
  const names = COMMANDS.map((candidate) => candidate.name);
  if (name === undefined) return usageError(`a command is missing: ${inWords(names)}`);
  const closest = name.startsWith('-') ? undefined : closestName(name, names);
  return usageError(`there is no such command${closest === undefined ? '' : `, did you mean ${closest}?`}`);
}
