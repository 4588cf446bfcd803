import { MillraceError } from '../../errors/index.js';

/** How a node may be called, so that it can be part of a key. */
export const isNodeId = (node: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(node);

/** @throws MillraceError INVALID_OPTIONS */
export const checkNodeId = (node: string): void => {
  if (isNodeId(node)) return;
  const shown = JSON.stringify(node.slice(0, 80));
  throw new MillraceError('INVALID_OPTIONS', `nodeId must be 1 to 64 letters, digits, _ and -, not ${shown}`);
};
