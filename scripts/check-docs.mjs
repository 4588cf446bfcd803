/*
 * npm run docs-check: type-checks every `ts` block of the documents against the source, follows the links to our own files
 * (which are absolute in what is packed, where the others are not), and looks whether each `npm run x`, each option of a `millrace …`
 * command and each file and folder in backticks in them exists. A block marked `ts ignore` is not checked;
 * there may be few of them.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

const MAX_IGNORED = 3;
const root = fileURLToPath(new URL('..', import.meta.url));
const work = join(root, '.docs-check');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const problems = [];
/** Where our files are seen by who has only the package. */
const OWN = manifest.homepage.replace('#readme', '/');
const OWN_LINK = new RegExp(`^${OWN}(?:blob|tree)/main/`);

function documents() {
  const top = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md']
    .map((name) => join(root, name))
    .filter(existsSync);
  const docs = readdirSync(join(root, 'docs'), { recursive: true }).filter((name) => name.endsWith('.md'));
  return [...top, ...docs.map((name) => join(root, 'docs', name))].map((path) => ({
    path,
    name: relative(root, path),
    lines: readFileSync(path, 'utf8').split('\n'),
  }));
}

/** The fenced blocks of a document: their info string, their lines and where the first of them stands (from 1). */
function blocksOf({ name, lines }) {
  const blocks = [];
  let open;
  lines.forEach((line, index) => {
    const fence = /^\s*(```+|~~~+)(.*)$/.exec(line);
    if (open === undefined && fence !== null) open = { name, info: fence[2].trim(), lines: [], firstLine: index + 2 };
    else if (open !== undefined && fence !== null && fence[2].trim() === '') {
      blocks.push(open);
      open = undefined;
    } else open?.lines.push(line);
  });
  if (open !== undefined) problems.push(`${name}:${open.firstLine - 1}: the code block is not closed`);
  return blocks;
}

function checkCode(blocks) {
  const typescript = blocks.filter(({ info }) => /^(ts|typescript)\b/.test(info));
  const ignored = typescript.filter(({ info }) => /\bignore\b/.test(info));
  if (ignored.length > MAX_IGNORED)
    problems.push(`${ignored.length} blocks are marked \`ts ignore\`, at most ${MAX_IGNORED} may be`);
  const checked = typescript.filter((block) => !ignored.includes(block));
  const byFile = new Map(checked.map((block, index) => [`block-${index}.ts`, block]));
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  for (const [file, { lines }] of byFile) writeFileSync(join(work, file), `${lines.join('\n')}\nexport {};\n`);
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, rootDir: '..' };
  writeFileSync(
    join(work, 'tsconfig.json'),
    JSON.stringify({ extends: '../tsconfig.json', compilerOptions, include: ['*.ts'] }),
  );
  const result = spawnSync('npx', ['--no-install', 'tsc', '-p', work, '--noEmit', '--pretty', 'false'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const line of result.stdout.split('\n')) problems.push(...compilerProblem(line, byFile));
  if (result.status !== 0 && problems.length === 0) problems.push(`tsc failed: ${result.stdout}${result.stderr}`);
  rmSync(work, { recursive: true, force: true });
  return checked.length;
}

/** A compiler message, told with the document's line instead of the extracted file's. */
function compilerProblem(line, byFile) {
  const match = /^(.+?)\((\d+),(\d+)\): (.*)$/.exec(line);
  if (match === null) return [];
  const [, path, row, column, message] = match;
  const block = byFile.get(path.split('/').at(-1));
  if (block === undefined) return [`${path}(${row},${column}): ${message}`];
  return [`${block.name}:${block.firstLine + Number(row) - 1}:${column}: ${message}`];
}

/** Headings as GitHub names them in links. */
function anchorsOf(path) {
  const text = readFileSync(path, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-'),
    ),
  );
}

function checkLinks({ path, name, lines }) {
  const text = lines.join('\n').replace(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ' '));
  let count = 0;
  for (const match of text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)) {
    const own = match[1].replace(OWN_LINK, '/');
    const [target, anchor] = own.split('#');
    if (/^[a-z]+:/.test(own)) continue;
    count += 1;
    const line = text.slice(0, match.index).split('\n').length;
    const file = target === '' ? path : target.startsWith('/') ? join(root, target) : resolve(dirname(path), target);
    if (!existsSync(file)) problems.push(`${name}:${line}: ${match[1]} does not exist`);
    else if (target !== '' && own === match[1] && manifest.files.includes(name))
      problems.push(`${name}:${line}: ${match[1]} is relative, but ${name} is packed: begin it with ${OWN}blob/main/`);
    else if (anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor)) {
      problems.push(`${name}:${line}: ${match[1]} has no such heading`);
    }
  }
  return count;
}

/** Rooms of lines to come, which "Where things go" names. */
const TO_COME = new Set(['cli/inspect/', 'src/kafka/', 'store/log/']);

/** All files and folders of the checkout, with a slash behind a folder. */
function tree() {
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const paths = new Set();
  for (const file of listed.stdout.split('\n').filter((file) => existsSync(join(root, file)))) {
    paths.add(file);
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) paths.add(`${folder}/`);
  }
  return [...paths];
}

/** A document names a file by the end of its path. */
function checkPaths({ name, lines }, paths) {
  lines.forEach((line, index) => {
    for (const [, path] of line.matchAll(/`([\w./-]+(?:\/|\.ts|\.mjs))`/g)) {
      if (TO_COME.has(path) || paths.some((one) => one === path || one.endsWith(`/${path}`))) continue;
      problems.push(`${name}:${index + 1}: there is no ${path}`);
    }
  });
}

function checkScripts({ name, lines }) {
  const builtIn = new Set(['test', 'start']);
  lines.forEach((line, index) => {
    for (const [, script] of line.matchAll(/npm run ([a-z][a-z:-]*)/g)) {
      if (manifest.scripts[script] === undefined && !builtIn.has(script)) {
        problems.push(`${name}:${index + 1}: there is no script ${script}`);
      }
    }
  });
}

/** Every command and option that a shell block gives to `millrace` must be one that its record has, and docs/cli.md tells each. */
async function checkCommands(blocks) {
  register();
  const { COMMANDS } = await import('../src/cli/commands.ts');
  const always = ['--help', '--version'];
  const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');
  for (const { name, options } of COMMANDS) {
    const told = [`## ${name}\n`, ...Object.keys(options).map((option) => `--${option}`)];
    for (const text of told.filter((part) => !page.includes(part)))
      problems.push(`docs/cli.md: ${text.trim()} is missing`);
  }
  for (const block of blocks.filter(({ info }) => /^(sh|bash|shell|console)\b/.test(info))) {
    const text = block.lines.join('\n').replaceAll(/\\\n/g, ' ');
    for (const [, name, rest] of text.matchAll(/(?:^|\s)millrace (\S+)(.*)/g)) {
      const place = `${block.name}:${block.firstLine}`;
      const command = COMMANDS.find((candidate) => candidate.name === name);
      if (command === undefined && !always.includes(name)) problems.push(`${place}: there is no command ${name}`);
      const known = [...Object.keys(command?.options ?? {}).map((option) => `--${option}`), ...always];
      for (const [option] of rest.split('#')[0].matchAll(/(?<=\s)--[a-z][a-z-]*/g)) {
        if (!known.includes(option)) problems.push(`${place}: millrace ${name} has no option ${option}`);
      }
    }
  }
}

const all = documents();
const blocks = all.flatMap(blocksOf);
const checked = checkCode(blocks);
const links = all.reduce((sum, document) => sum + checkLinks(document), 0);
const paths = tree();
for (const document of all) {
  checkScripts(document);
  checkPaths(document, paths);
}
await checkCommands(blocks);
for (const problem of problems) console.error(problem);
if (problems.length === 0)
  console.log(`The documents hold: ${all.length} files, ${checked} code blocks, ${links} links.`);
process.exitCode = problems.length === 0 ? 0 : 1;
