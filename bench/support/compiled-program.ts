import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Inside the package, so that `millrace` is the one in `dist`. */
const BUILD = fileURLToPath(new URL('../../build/bench/', import.meta.url));

/** A program of this folder as one file of JavaScript: the memory that loading TypeScript needs is none of its own. */
export async function compiledProgram(path: string): Promise<string> {
  const file = join(BUILD, basename(path).replace(/\.ts$/, '.js'));
  const bundle = await rolldown({ input: path, platform: 'node', external: /^[^./]/, tsconfig: false });
  await bundle.write({ file, format: 'esm' });
  await bundle.close();
  return file;
}
