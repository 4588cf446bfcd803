import type { CST, Document, ErrorCode } from 'yaml';
import { loadPackage } from '../../../../internal/load-package.js';
import type { FileValue } from './file-value.js';
import { type Place, Problems } from './problem.js';
import { TreeReader } from './tree-reader.js';

/** Most bytes of a file, as text. */
export const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 32;

const SYNTAX: Readonly<Partial<Record<ErrorCode, string>>> = {
  ALIAS_PROPS: 'an alias has no anchor and no tag of its own',
  BAD_ALIAS: 'an alias names an anchor that stands before it',
  BAD_DIRECTIVE: 'a directive is not understood',
  BAD_DQ_ESCAPE: 'a double-quoted text has an escape that YAML does not know',
  BAD_INDENT: 'the indentation does not fit',
  BAD_SCALAR_START: 'a text that begins so needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second colon, or a line that begins wrongly: put a text with ": " in quotes',
  BLOCK_IN_FLOW: 'a block cannot stand in brackets',
  KEY_OVER_1024_CHARS: 'a key is longer than YAML allows',
  MISSING_CHAR: 'a quote, a bracket, a comma, a colon or a blank behind one is missing',
  MULTILINE_IMPLICIT_KEY: 'a key is on one line: is a colon missing, or the blank behind it?',
  MULTIPLE_DOCS: 'a file is one document: leave out the --- between',
  NON_STRING_KEY: 'a key is a text',
  TAB_AS_INDENT: 'indent by blanks: YAML takes no tabs there',
  TAG_RESOLVE_FAILED: 'tags (!) are not taken',
  UNEXPECTED_TOKEN: 'this is no YAML: in brackets a text with brackets of its own, as ${NAME}, needs quotes',
};
/** What follows a first mistake is mostly its consequence. */
const MOST_SYNTAX = 3;

/** The value of a file; undefined with problems. The parser's own words are not used: they repeat what stands there, which may be a secret. */
export interface ParsedYaml {
  readonly root: FileValue | undefined;
  readonly problems: Problems;
}

/** Never throws for what stands in the text, whatever that is. @throws MillraceError UNSUPPORTED where the package is not there */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  const yaml = await loadPackage('yaml', 'a bridge file', () => import('yaml'));
  const problems = new Problems();
  const lines = new yaml.LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const tokens = [...new yaml.Parser(lines.addNewLine).parse(text)];
  const deep = tooDeep(tokens);
  if (deep !== undefined) {
    const message = `values lie in one another more than ${MAX_DEPTH} times`;
    problems.add({ code: 'too-deep', place: placeAt(deep), path: '', message });
    return { root: undefined, problems };
  }
  const options = { schema: 'failsafe', prettyErrors: false, uniqueKeys: false, keepSourceTokens: false } as const;
  const documents: Document.Parsed[] = [...new yaml.Composer(options).compose(tokens, true, text.length)];
  const wrong = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  for (const { code, pos } of wrong.toSorted((a, b) => a.pos[0] - b.pos[0]).slice(0, MOST_SYNTAX)) {
    const message = SYNTAX[code] ?? 'this is no YAML';
    problems.add({ code: 'syntax', place: placeAt(pos[0]), path: '', message });
  }
  const [document, second] = documents;
  if (second !== undefined)
    problems.add({ code: 'syntax', place: placeAt(second.range[0]), path: '', message: `${SYNTAX.MULTIPLE_DOCS}` });
  if (problems.any || document === undefined) return { root: undefined, problems };
  return { root: new TreeReader(yaml, document, { placeAt, problems }).read(), problems };
}

/** Where a value lies too deep, so that whoever reads it by calling itself comes to an end. Looks without calling itself. */
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  const open: { readonly token: CST.Token; readonly depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    for (const inner of insideOf(token)) open.push({ token: inner, depth: depth + 1 });
  }
  return undefined;
}

function insideOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap((item) => [
    ...('key' in item && item.key ? [item.key] : []),
    ...('value' in item && item.value ? [item.value] : []),
  ]);
}
