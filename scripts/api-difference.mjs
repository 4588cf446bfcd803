/*
 * npm run api-difference -- <commit> [<commit>]: what differs in the types that users see, from the first commit to the second, or to
 * the files as they are. For each entry of the package: what is exported, and in brackets what that leads to without being exported.
 * Comments, private members, the order of members, and where a file lies do not count.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicSurface } from './public-surface.mjs';
import { runStep } from './run-step.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The surface of each entry that the files in `folder` have. */
function surfacesIn(folder, types) {
  const flags = ['--declaration', '--emitDeclarationOnly', '--outDir', types];
  runStep('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json', ...flags], { cwd: folder });
  const entries = Object.entries(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).exports);
  const typed = entries.filter(([, target]) => target.types !== undefined);
  return new Map(
    typed.map(([name, target]) => [
      name.replace('.', 'millrace'),
      publicSurface(join(types, target.types.replace('./dist/', ''))),
    ]),
  );
}

/** Those of a commit, in a work tree of its own that is taken away again. */
function surfacesOf(commit) {
  const work = mkdtempSync(join(tmpdir(), 'millrace-api-'));
  const tree = join(work, 'tree');
  try {
    if (commit === undefined) return surfacesIn(root, join(work, 'types'));
    runStep('git', ['worktree', 'add', '--detach', tree, commit], { cwd: root });
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    return surfacesIn(tree, join(work, 'types'));
  } finally {
    if (commit !== undefined) runStep('git', ['worktree', 'remove', '--force', tree], { cwd: root });
    rmSync(work, { recursive: true });
  }
}

/** The lines of `lines` that `others` has not, as often as it has not. */
function only(lines, others) {
  const left = [...others];
  return lines.filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

const isExported = (name) => !name.startsWith('(');
/** With its name in brackets where it is not exported. */
const linesOf = (surface, name) => surface.get(name) ?? surface.get(`(${name})`);

function changeOf({ was, is, moved, exported }) {
  if (moved) return exported ? 'is exported now' : 'is exported no more';
  if (was && is) return 'differs';
  return is ? 'is new' : 'is gone';
}

function tell(entry, before, after) {
  const told = [];
  const plain = [...before.keys(), ...after.keys()].map((name) => name.replace(/^\((.*)\)$/, '$1'));
  for (const name of [...new Set(plain)].sort()) {
    const [was, is] = [linesOf(before, name), linesOf(after, name)];
    const moved = was && is && before.has(name) !== after.has(name);
    const lines = [
      ...only(was ?? [], is ?? []).map((line) => `  - ${line}`),
      ...only(is ?? [], was ?? []).map((line) => `  + ${line}`),
    ];
    const shown = before.has(name) || after.has(name) ? name : `(${name})`;
    if (lines.length > 0 || moved)
      told.push(`${shown} ${changeOf({ was, is, moved, exported: after.has(name) })}`, ...lines);
  }
  if (told.length > 0) console.log(`\n${entry}\n\n${told.join('\n')}`);
}

/** Of an entry that is new, or gone, only what it exports: what that leads to, other entries have. */
function compare(entry, before, after) {
  if (before !== undefined && after !== undefined) return tell(entry, before, after);
  const [how, surface] = before === undefined ? ['is new', after] : ['is gone', before];
  return console.log(`\n${entry} ${how}: ${[...surface.keys()].filter(isExported).sort().join(', ')}`);
}

const [from, to] = process.argv.slice(2);
if (from === undefined) {
  console.error('Usage: npm run api-difference -- <commit> [<commit>]');
  process.exit(1);
}
const [old, now] = [surfacesOf(from), surfacesOf(to)];
for (const entry of new Set([...old.keys(), ...now.keys()])) compare(entry, old.get(entry), now.get(entry));
