import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { COMMANDS } from '../../../src/cli/commands.js';
import { SCRIPTS } from '../../../src/cli/completion/completion-scripts.js';
import { commandHelp } from '../../../src/cli/options/help-text.js';
import { LIMIT } from '../../support/limits.js';

const script = (shell: string) => SCRIPTS[shell]?.(COMMANDS) ?? '';

/** What bash offers for the last of the words. */
function offered(...words: readonly string[]): readonly string[] {
  const line = `COMP_WORDS=(millrace ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}`;
  const run = `${script('bash')}\n${line}\n_millrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', run], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion', () => {
  it('bash offers the commands, then the options of the command that was chosen', LIMIT, () => {
    assert.deepEqual(offered('b'), ['bridge', 'backup']);
    assert.deepEqual(offered('bridge', '--top'), ['--topic']);
    assert.deepEqual(offered('bridge', '--to-c'), ['--to-ca', '--to-cert']);
    assert.deepEqual(offered('run', '--to'), []);
  });

  it(
    'bash offers the words that an option or a command takes, and leaves all else to the names of files',
    LIMIT,
    () => {
      assert.deepEqual(offered('bridge', '--guarantee', 'e'), ['exactly-once']);
      assert.deepEqual(offered('completion', ''), ['bash', 'zsh', 'fish']);
      assert.deepEqual(offered('run', ''), []);
      assert.deepEqual(offered('bridge', '--ca', ''), []);
    },
  );

  for (const command of COMMANDS) {
    const options = Object.entries(command.options);
    const helped = commandHelp(command)
      .split('\n')
      .filter((line) => line.startsWith('  --'));
    it(`the help and the script of each shell have every option of ${command.name}`, LIMIT, () => {
      for (const [option, { ofOneSide }] of options) {
        // told once, with the option for both sides
        assert.equal(
          helped.some((label) => `${label} `.replaceAll(',', ' ').includes(`--${option} `)),
          ofOneSide !== true,
          option,
        );
        for (const text of [script('bash'), script('zsh')]) assert.ok(text.includes(`--${option}`));
        assert.ok(script('fish').includes(`from ${command.name}' -l ${option}`), option);
      }
      assert.ok(script('fish').includes(`-a ${command.name} `));
    });
  }
});
