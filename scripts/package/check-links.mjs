/*
 * A part of npm run package-check: what the package shows of itself leads somewhere. Its documents are read on the registry's page and in
 * node_modules, where nothing lies beside them but what is packed; and its JavaScript names no source map that is not there.
 */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { manifest, root } from './packed.mjs';

export function checkLinks(paths) {
  return [...manifestProblems(), ...documentProblems(paths), ...mapProblems(paths)];
}

/** `https://github.com/owner/name`, as the three fields say it alike. */
function manifestProblems() {
  const url = /^git\+(https:\/\/.+)\.git$/.exec(manifest.repository?.url ?? '')?.[1];
  if (url === undefined) return ['package.json: repository.url is no git+https://….git'];
  const problems = [];
  if (manifest.homepage !== `${url}#readme`) problems.push(`package.json: homepage is not ${url}#readme`);
  if (manifest.bugs?.url !== `${url}/issues`) problems.push(`package.json: bugs.url is not ${url}/issues`);
  return problems;
}

function documentProblems(paths) {
  return paths
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      linksOf(path)
        .filter((link) => !resolves(path, link, paths))
        .map((link) => `${path}: ${link} leads nowhere in the package, and is not absolute`),
    );
}

function linksOf(path) {
  const text = readFileSync(join(root, path), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map(([, link]) => link);
}

function resolves(path, link, paths) {
  if (/^(https?|mailto):/.test(link)) return true;
  const [target] = link.split('#');
  return target === '' || paths.includes(posix.join(posix.dirname(path), target));
}

function mapProblems(paths) {
  return paths
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => {
      const map = /^\/\/# sourceMappingURL=(\S+)$/m.exec(readFileSync(join(root, path), 'utf8'))?.[1];
      const target = map === undefined ? undefined : posix.join(posix.dirname(path), map);
      return target === undefined || paths.includes(target) ? [] : [`${path}: its source map ${map} is not packed`];
    });
}
