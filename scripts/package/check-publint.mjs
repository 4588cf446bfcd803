/* A part of npm run package-check: publint finds nothing, but for what is so on purpose. */
import { readFileSync } from 'node:fs';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { manifest } from './packed.mjs';

/** The types for `require` are those of CommonJS, so that old compilers take them; nothing has a default export, where it would show. */
const MEANT = ({ code, path }) => code === 'EXPORTS_TYPES_INVALID_FORMAT' && path.at(-2) === 'require';

export async function checkPublint(tarball) {
  const bytes = readFileSync(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
  return messages.filter((message) => !MEANT(message)).map((message) => `publint: ${formatMessage(message, manifest)}`);
}
