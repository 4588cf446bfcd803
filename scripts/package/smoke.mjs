/*
 * What the checks of Node's versions, of bundles and of other runtimes do with the package: the job of `smoke/job.mjs` at a real broker,
 * without a store and with one. To be run with tsx, for the tests' mosquitto.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbStores } from '../../src/store/index.ts';
import { startMosquitto } from '../../test/support/brokers/mosquitto.ts';
import { startChild } from '../../test/support/child-process.ts';
import { endAll } from '../../test/support/cleanup.ts';

const CHILD_LOG = 'children.log';
/** The name of the job in `smoke/job.mjs`. */
const JOB = 'smoke';

/** Runs the job. @param command what runs the file: `[node, 'job.mjs']` @returns `done`, or the error as `toJSON` gives it */
export async function runJob(command, { cwd, url, dir, env = {} }) {
  const child = startChild(command[0], [...command.slice(1), url, ...(dir === undefined ? [] : [dir])], { cwd, env });
  const exit = await child.exited;
  const last = child.stdout.at(-1) ?? '';
  if (exit.code === 0 && last === 'done') return 'done';
  if (last.startsWith('{')) return JSON.parse(last);
  throw new Error(
    [`${command.join(' ')}: exit ${exit.code ?? exit.signal}`, ...child.stdout, ...child.stderr].join('\n'),
  );
}

/** @throws when the job does not come to its end */
export async function mustRun(command, options) {
  const outcome = await runJob(command, options);
  if (outcome !== 'done') throw new Error(`${command.join(' ')}: ${JSON.stringify(outcome)}`);
}

/**
 * The job with a store, twice. The first start finds a store of an earlier version, whose last owner did not come to the end of opening it, so that it
 * is tried in a process of its own, by a file that has to be found; the second one finds what the first has made of it.
 */
export async function mustRunWithStore(command, { cwd, url, dir }) {
  const stores = await LmdbStores.open(dir);
  await stores.open(JOB, 0);
  await stores.close();
  const store = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.mdb'));
  writeFileSync(join(dir, `${store}.opening`), 'torn', { mode: 0o600 });
  const log = join(cwd, CHILD_LOG);
  writeFileSync(join(cwd, 'log-children.cjs'), LOG_CHILDREN);
  await mustRun(command, { cwd, url, dir, env: { NODE_OPTIONS: `--require ${join(cwd, 'log-children.cjs')}` } });
  if (!existsSync(log) || !/try-store-main\.js 0$/m.test(readFileSync(log, 'utf8')))
    throw new Error(`${command.join(' ')}: a store that is suspect was not tried in a process of its own`);
  await mustRun(command, { cwd, url, dir });
}

const LOG_CHILDREN = `
if (process.send !== undefined)
  process.on('exit', (code) => require('fs').appendFileSync(__dirname + '/${CHILD_LOG}', process.argv[1] + ' ' + code + '\\n'));
`;

/** Gives `check` a broker's URL, and tells what came of it. */
export async function withBroker(title, check, options = {}) {
  const started = performance.now();
  try {
    const broker = await startMosquitto(options);
    const said = await check(broker);
    console.log(
      `✔ ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)${said === undefined ? '' : `: ${said}`}`,
    );
  } catch (error) {
    process.exitCode = 1;
    console.error(`✖ ${title}\n${error.stack}`);
  } finally {
    await endAll();
  }
}
