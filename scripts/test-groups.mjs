/*
 * The files of test/unit, run several in one process: most of them take a hundredth of the time that a process needs to load the
 * sources. They leave nothing in their process that the next would see; all other files have one each.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const OF_A_GROUP = 25;

/** `files` (paths from `root`) with those of test/unit replaced by programs that run a group of them each; a few stay as they are. */
export function grouped(root, files) {
  const isUnit = (file) => file.startsWith(join('test', 'unit') + sep);
  const units = files.filter(isUnit);
  if (units.length <= OF_A_GROUP) return files;
  const folder = join(root, 'node_modules/.cache/millrace-tests', String(process.pid));
  mkdirSync(folder, { recursive: true });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const groups = [];
  for (let at = 0; at < units.length; at += OF_A_GROUP) {
    const program = join(folder, `unit-${groups.length + 1}.test.mjs`);
    writeFileSync(
      program,
      units
        .slice(at, at + OF_A_GROUP)
        .map((file) => importOf(folder, join(root, file)))
        .join(''),
    );
    groups.push(program);
  }
  return [...files.filter((file) => !isUnit(file)), ...groups];
}

/** One after another: tests that a file declares begin before the next file is loaded. */
function importOf(folder, file) {
  return `await import(${JSON.stringify(relative(folder, file).replaceAll(sep, '/'))});\n`;
}
