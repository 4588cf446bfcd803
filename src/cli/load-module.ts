import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../errors/index.js';
import { usageError } from './usage-error.js';

const TYPESCRIPT = new Set(['.ts', '.mts', '.cts', '.tsx']);

/** Imports a module by its path from the working directory; TypeScript as well. Throws INVALID_OPTIONS when it cannot. */
export async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(path);
  if (!existsSync(file)) throw usageError(`MODULE: no such file: ${path}`);
  if (TYPESCRIPT.has(extname(file))) await enableTypeScript(file);
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw MillraceError.from(error, 'USER_FUNCTION_FAILED', `${path} cannot be loaded`);
  }
}

/** Node strips types from 22.18 on. Below that tsx does it, if the module's project has it. */
async function enableTypeScript(file: string): Promise<void> {
  if (Reflect.get(process.features, 'typescript')) return;
  const tsx = resolveFrom(file, 'tsx/esm/api') ?? resolveFrom(resolve('index.js'), 'tsx/esm/api');
  if (tsx === undefined) {
    throw new MillraceError('UNSUPPORTED', `this Node (${process.versions.node}) cannot run TypeScript by itself`, {
      advice: 'Run: npm install --save-dev tsx. Or use Node 22.18 or later.',
    });
  }
  const { register } = await import(pathToFileURL(tsx).href);
  register();
}

function resolveFrom(file: string, specifier: string): string | undefined {
  try {
    return createRequire(file).resolve(specifier);
  } catch {
    return undefined;
  }
}
