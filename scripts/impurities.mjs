/* What a pure folder must not name: clocks, timers, chance, promises and the platform, whatever way they are reached. */
import { lineAt, walk } from './source-files.mjs';

const NAMES = new Set([
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'queueMicrotask'],
  ...['Date', 'performance', 'Promise', 'AbortController', 'AbortSignal', 'WeakRef', 'FinalizationRegistry'],
  ...['globalThis', 'global', 'process', 'console', 'crypto', 'Buffer', 'require', 'eval'],
  ...['fetch', 'WebSocket', 'Worker', 'MessageChannel', 'BroadcastChannel'],
]);
/** Types do nothing: a pure file may describe what others do with a promise. */
const TYPES = new Set([
  'TSTypeAnnotation',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSTypeParameterInstantiation',
]);
/** Where a name belongs to what it is looked up in, or defined on. */
const MEMBERS = { MemberExpression: 'property', Property: 'key', MethodDefinition: 'key', PropertyDefinition: 'key' };

/** @returns {{ what: string, line: number }[]} */
export function impurities({ program, text }) {
  const found = [];
  walk(program, (node, parent, key) => {
    if (TYPES.has(node.type) || node.type === 'ImportDeclaration') return false;
    const what = impurity(node, parent, key);
    if (what !== undefined) found.push({ what, line: lineAt(text, node.start) });
    return true;
  });
  return found;
}

function impurity(node, parent, key) {
  if (node.async === true) return 'is asynchronous';
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return 'awaits';
  if (node.type === 'ImportExpression') return 'imports while it runs';
  if (node.type === 'MetaProperty' && node.meta.name === 'import') return 'names import.meta';
  if (node.type !== 'Identifier' || (MEMBERS[parent.type] === key && parent.computed !== true)) return undefined;
  if (node.name === 'Math' && !isSureMath(parent, key)) return 'may name Math.random';
  return NAMES.has(node.name) ? `names ${node.name}` : undefined;
}

/** `Math.max`: a member that is written out and is not `random`. */
const isSureMath = (parent, key) =>
  parent.type === 'MemberExpression' && key === 'object' && !parent.computed && parent.property.name !== 'random';
