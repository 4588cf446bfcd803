import { MillraceError } from '../errors/index.js';

/**
 * Loads a package at its first use: who never opens a WebSocket or a store does not pay for its parts, and a bundle or a runtime in which
 * they do not work is told so where they are needed. `load` is a function with a literal `import()`, which bundlers see.
 *
 * @param use what cannot be done without it, for the message
 * @param install the packages that are needed together, for the advice; default: `name`
 * @throws MillraceError UNSUPPORTED
 */
export async function loadPackage<T>(
  name: string,
  use: string,
  load: () => Promise<T>,
  install: string = name,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new MillraceError('UNSUPPORTED', `${use} needs the package ${name}, which cannot be loaded: ${text}`, {
      cause: error,
      advice: `Install it beside what runs (npm install ${install}) and leave it out of a bundle, as an external package.`,
      details: { package: name },
    });
  }
}
