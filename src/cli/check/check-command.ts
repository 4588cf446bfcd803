import { MillraceError } from '../../errors/index.js';
import { foreignText, visibleJson } from '../../internal/visible-text.js';
import { tellExposedPassword } from '../bridge/exposed-password.js';
import { listenForEnd } from '../client/ending.js';
import { inClientFlags } from '../client/in-client-flags.js';
import type { Command } from '../command.js';
import { EXIT_CODE } from '../exit-code.js';
import { ConnectionObserver } from '../job/connection-observer.js';
import { type Output, Reporter } from '../job/reporter.js';
import { CHECK_OPTIONS } from './check-options.js';
import { type CheckFlags, parseCheckFlags } from './parse-check-flags.js';
import { checkBroker, leftText } from './run-check.js';
import type { CheckFinding } from './verdict/finding.js';

const ABOUT = `Asks a broker in MQTT 5.0 and in 3.1.1 what it takes and keeps, and with --deep tries it, each time by topics and clients of its own, whose
sessions it ends afterwards. It says what that means for Millrace.
`;

const ENDING = `Exit code 1 also where something is a problem. SIGINT or SIGTERM ends the sessions that it has made.
`;

export const CHECK: Command<CheckFlags> = {
  name: 'check',
  summary: 'Find out what a broker keeps',
  positional: { name: 'URL' },
  about: ABOUT,
  options: CHECK_OPTIONS,
  ending: ENDING,
  words: inClientFlags,
  parse: parseCheckFlags,
  run: runCheck,
};

async function runCheck(flags: CheckFlags, output: Output): Promise<number> {
  const reporter = new Reporter(CHECK, output, false);
  tellExposedPassword(flags.broker.passwordInUrl ? ['the URL'] : [], reporter);
  using ending = listenForEnd(undefined);
  // a password that goes out in clear, a certificate that is not looked at
  using _notes = new ConnectionObserver((event) => {
    if (event.event === 'note') reporter.tell(event);
  });
  const tell = (finding: CheckFinding): void => {
    if (!flags.json) output.stdout(`${lineOf(finding)}\n`);
  };
  try {
    const { findings, left } = await checkBroker(flags, ending.signal, tell);
    if (flags.json) output.stdout(`${visibleJson({ url: flags.broker.url, findings, left })}\n`);
    else if (left.length > 0) output.stderr(`millrace check: ${leftText(left)}\n`);
    return findings.some(({ level }) => level === 'problem') ? EXIT_CODE.FAILED : EXIT_CODE.OK;
  } catch (error) {
    const { why } = ending;
    const stopped = MillraceError.from(error).code === 'ABORTED' && why !== undefined;
    reporter.failed(stopped ? new MillraceError('ABORTED', `${why}: ${MillraceError.from(error).message}`) : error);
    return EXIT_CODE.FAILED;
  }
}

const VERSIONS = { 5: '5.0', 4: '3.1.1', 3: '3.1' } as const;

function lineOf({ level, version, check, message, follows }: CheckFinding): string {
  const head = `${level.padEnd(8)}${VERSIONS[version].padEnd(6)}${check.padEnd(18)}`;
  return `${head}${foreignText(follows === undefined ? message : `${message}. For Millrace: ${follows}`)}`;
}
