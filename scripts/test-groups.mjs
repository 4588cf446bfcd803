/*
 * The files of test/unit, run several in one process: most of them take a hundredth of the time that a process needs to load the
 * sources. They leave nothing in their process that the next would see; all other files have one each.
 */
import { writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { compiledPath } from './compile-tests.mjs';

const OF_A_GROUP = 25;

/** What node is to run for test files (paths from the root), which are compiled in `folder`: those of test/unit in groups, unless they are few. */
export function grouped(folder, files) {
  const isUnit = (file) => file.startsWith(join('test', 'unit') + sep);
  const units = files.filter(isUnit);
  const pathOf = (file) => compiledPath(folder, file);
  if (units.length <= OF_A_GROUP) return files.map(pathOf);
  const groups = [];
  for (let at = 0; at < units.length; at += OF_A_GROUP) {
    const program = join(folder, `unit-${groups.length + 1}.test.mjs`);
    writeFileSync(
      program,
      units
        .slice(at, at + OF_A_GROUP)
        .map((file) => importOf(compiledPath('.', file)))
        .join(''),
    );
    groups.push(program);
  }
  return [...files.filter((file) => !isUnit(file)).map(pathOf), ...groups];
}

/** One after another: tests that a file declares begin before the next file is loaded. */
function importOf(path) {
  return `await import(${JSON.stringify(`./${path.replaceAll(sep, '/')}`)});\n`;
}
