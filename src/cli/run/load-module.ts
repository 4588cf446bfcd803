import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../../errors/index.js';
import { usageError } from '../options/usage-error.js';

const TYPESCRIPT = new Set(['.ts', '.mts', '.cts', '.tsx']);

/** Imports a module by its path from the working directory; TypeScript as well. Throws INVALID_OPTIONS when it cannot. */
export async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(path);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw usageError(`MODULE: no such file: ${path}`);
  if (TYPESCRIPT.has(extname(file))) await enableTypeScript(file);
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw loadError(path, file, error);
  }
}

function loadError(path: string, file: string, error: unknown): MillraceError {
  const context = `${path} cannot be loaded${placeIn(file, error)}`;
  // Node keeps the place of a syntax error to itself.
  if (!(error instanceof SyntaxError) || TYPESCRIPT.has(extname(file)))
    return MillraceError.from(error, 'USER_FUNCTION_FAILED', context);
  return new MillraceError('USER_FUNCTION_FAILED', `${context}: ${error.message}`, {
    cause: error,
    advice: `To see where, run: node --check ${path}`,
  });
}

/** ` (line 3)` when the error's stack knows where in the file it happened. */
function placeIn(file: string, error: unknown): string {
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : '';
  const at = stack.indexOf(file);
  const line = at < 0 ? undefined : /^\S*?:(\d+)/.exec(stack.slice(at + file.length))?.[1];
  return line === undefined ? '' : ` (line ${line})`;
}

/** Node strips types from 22.18 on. Below that tsx does it, if the module's project, or the one we stand in, has it. */
async function enableTypeScript(file: string): Promise<void> {
  if (Reflect.get(process.features, 'typescript')) return;
  const api = tsxApi(file) ?? tsxApi(resolve('index.js'));
  if (api === undefined) {
    throw new MillraceError('UNSUPPORTED', `this Node (${process.versions.node}) cannot run TypeScript by itself`, {
      advice: 'Run: npm install --save-dev tsx. Or use Node 22.18 or later.',
    });
  }
  const { register } = await import(pathToFileURL(api).href);
  register();
}

/** The ES module of `tsx/esm/api` as seen from a file: `require.resolve` would give the CommonJS one, which cannot register. */
function tsxApi(file: string): string | undefined {
  try {
    const manifest = createRequire(file).resolve('tsx/package.json');
    const target = JSON.parse(readFileSync(manifest, 'utf8')).exports['./esm/api'].import.default;
    return join(dirname(manifest), target);
  } catch {
    return undefined;
  }
}
