import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/millrace-build');
const KEPT_MS = 3_600_000;

/** The package as its users get it, compiled from the sources of this moment. */
export interface Build {
  /** What node needs before `main`. */
  readonly nodeArgs: readonly string[];
  /** The `millrace` command. */
  readonly main: string;
  /** What `import 'millrace'` would give, as a URL. */
  readonly index: string;
}

let build: Promise<Build> | undefined;

/**
 * Bundles `src` once for each state of it, whatever test file asks first: a process of the command then starts in a
 * quarter of the time that its TypeScript sources need, which matters when it is killed a hundred times. It lies inside
 * `node_modules`, so that the dependencies are found.
 */
export function buildOnce(): Promise<Build> {
  const { MILLRACE_MUTANT: mutant } = process.env;
  build ??= mutant === undefined ? compile() : Promise.resolve(mutated(mutant));
  return build;
}

/** In a test of a mutant the processes have its changed sources too, compiled as those of the test. */
function mutated(folder: string): Build {
  const index = pathToFileURL(join(folder, 'src/index.js')).href;
  return { nodeArgs: [], main: join(folder, 'src/cli/main.js'), index };
}

async function compile(): Promise<Build> {
  const out = join(CACHE, sourceHash());
  if (!existsSync(out)) {
    mkdirSync(CACHE, { recursive: true });
    removeOld();
    const work = `${out}.${process.pid}`;
    const output = await runBundler(join(work, 'dist'));
    if (!existsSync(join(work, 'dist/cli/main.js'))) throw new Error(`src did not compile:\n${output}`);
    copyFileSync(join(ROOT, 'package.json'), join(work, 'package.json'));
    keepFirst(work, out);
  }
  const index = pathToFileURL(join(out, 'dist/index.js')).href;
  return { nodeArgs: [], main: join(out, 'dist/cli/main.js'), index };
}

/** Type errors are not looked at: `npm run types` does, and JavaScript comes out all the same. */
function runBundler(out: string): Promise<string> {
  const args = ['scripts/package/bundle.mjs', out];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => child.once('close', () => resolve(output)));
}

/** Two test files may have compiled at the same time. */
function keepFirst(work: string, out: string): void {
  try {
    renameSync(work, out);
  } catch (error) {
    if (!existsSync(out)) throw error;
    rmSync(work, { recursive: true, force: true });
  }
}

/** A run of the tests that is under way may use an older one. */
function removeOld(): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}

function sourceHash(): string {
  const hash = createHash('sha256');
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(?:ts|js|css|html|svg)$/.test(name),
  );
  for (const name of [...files.map((file) => join('src', file)).sort(), 'package.json', 'scripts/package/bundle.mjs']) {
    hash.update(`${name}\n`).update(readFileSync(join(ROOT, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
