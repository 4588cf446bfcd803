import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { MillraceError } from '../../../src/errors/index.js';
import { jobDirectoryName } from '../../../src/store/directory/job-directory-name.js';
import { checkFormat, STORE_FORMAT, writeFormat } from '../../../src/store/lmdb/records/format-record.js';
import { storageError } from '../../../src/store/storage-error.js';

const codeOf = (code: unknown): string => storageError(Object.assign(new Error('why'), { code }), 'cannot').code;

test('errors of the file system and of LMDB have the code that says what to do', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', 28, -30792]) assert.equal(codeOf(code), 'STORE_FULL', `${code}`);
  for (const code of [-30796, -30797, -30793, -30781]) assert.equal(codeOf(code), 'STORE_CORRUPT', `${code}`);
  for (const code of ['EIO', 5, 'EACCES', -30795, -30790, undefined])
    assert.equal(codeOf(code), 'STORAGE_FAILED', `${code}`);
  assert.equal(codeOf(-30794), 'STORE_VERSION');
});

test('a quota that is used up, which Node has no name for, is a disk that is full', {
  skip: process.platform === 'win32' ? 'Windows has other numbers' : false,
}, () => {
  const { EDQUOT } = constants.errno;
  const error = Object.assign(new Error('why'), { code: `Unknown system error -${EDQUOT}`, errno: -EDQUOT });
  assert.equal(storageError(error, 'cannot').code, 'STORE_FULL');
});

test('an error keeps what it was, its cause and its context', () => {
  const cause = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  const error = storageError(cause, 'cannot write /data');
  assert.equal(error.message, 'cannot write /data: no space left');
  assert.equal(error.cause, cause);
  assert.match(error.advice ?? '', /Make room/);
  const own = new MillraceError('STORE_LOCKED', 'mine');
  assert.equal(storageError(own, 'cannot'), own);
  assert.equal(storageError('a word', 'cannot').message, 'cannot: a word');
});

test('a newer format is refused, with what wrote it as the way out', () => {
  const name = { job: 'job', partition: 0 };
  checkFormat(writeFormat(name), name, '/file');
  assert.throws(() => checkFormat(writeFormat(name, STORE_FORMAT + 1), name, '/file'), {
    code: 'STORE_VERSION',
    message: /\/file has format 2; this version reads up to 1/,
    advice: /Run the version/,
  });
  assert.throws(() => checkFormat(writeFormat(name), { job: 'other', partition: 0 }, '/file'), {
    code: 'STORE_CORRUPT',
  });
  assert.throws(() => checkFormat(Buffer.from('{'), name, '/file'), { code: 'STORE_CORRUPT' });
});

test('names of jobs become names of directories that are safe and their own', () => {
  const names = [
    'job',
    'Job',
    'a/b',
    'a\\b',
    '..',
    '.',
    '',
    'nul',
    'a b',
    'ä',
    'x'.repeat(400),
    `${'x'.repeat(399)}y`,
    'tab\t',
    '🙂',
  ];
  const directories = names.map(jobDirectoryName);
  for (const directory of directories) assert.match(directory, /^job-[a-z0-9-]{0,140}$/);
  assert.equal(new Set(directories).size, names.length);
  assert.ok(jobDirectoryName('line-7 Temperature').startsWith('job-line-7-temperature-'));
});
