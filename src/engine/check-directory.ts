import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MillraceError } from '../errors/millrace-error.js';

/**
 * Checks that a directory can be written to, or can be made. It is not made here: whoever owns it makes it, with its rights and so that
 * it is there after a loss of power.
 * @throws MillraceError STORAGE_FAILED; INVALID_OPTIONS for an empty name, which an unset variable leads to
 */
export const checkDirectory = (dir: string): void => {
  if (dir === '') throw new MillraceError('INVALID_OPTIONS', "the engine's dir must not be empty");
  const place = nearest(resolve(dir));
  const made = place === resolve(dir) ? '' : ` cannot be made in ${place}`;
  try {
    if (!statSync(place).isDirectory()) throw new Error('it is no directory');
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('STORAGE_FAILED', `the engine's directory ${dir}${made}: ${why}`, {
      cause,
      advice: 'Name a directory on a local disk that this user may write to.',
      details: { dir },
    });
  }
};

/** The directory itself, or the nearest above it that there is. */
const nearest = (dir: string): string => {
  let place = dir;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  return place;
};
