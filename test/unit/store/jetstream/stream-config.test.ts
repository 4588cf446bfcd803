import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recordSubject, snapshotsName, streamName } from '../../../../src/store/jetstream/names.js';
import { configOf, configProblems, identityOf, isSameStream } from '../../../../src/store/jetstream/stream-config.js';

const wish = { name: 'MR_a_0', subject: 'mr.a.0', replicas: 3, maxBytes: -1 };

describe('the settings of a stream', () => {
  it('as we make it, and as a server adds what it adds, it can be a log', () => {
    assert.deepEqual(configProblems(configOf(wish, 'a'), wish), []);
    const added = {
      sealed: false,
      consumer_limits: {},
      metadata: { a: 'b' },
      compression: 'none',
      max_bytes: 7,
      sources: [],
    };
    assert.deepEqual(configProblems({ ...configOf(wish, 'a'), ...added, num_replicas: 5 }, wish), []);
  });

  it('is the same one by what was drawn for it, and by its time where nothing was', () => {
    const config = configOf(wish, 'a');
    const identity = identityOf({ config, created: 'then' });
    assert.ok(isSameStream(identity, identityOf({ config, created: 'later' })), 'a server takes another time for it');
    assert.ok(!isSameStream(identity, identityOf({ config: configOf(wish, 'b'), created: 'then' })));
    const { metadata: _, ...former } = config;
    assert.ok(isSameStream(identity, identityOf({ config: former, created: 'then' })), 'somebody has edited it');
    assert.ok(!isSameStream(identity, identityOf({ config: former, created: 'later' })));
  });

  it('each setting by which a record could be lost in silence, or changed, is told', () => {
    const wrong: Readonly<Record<string, unknown>> = {
      discard: 'old',
      storage: 'memory',
      retention: 'workqueue',
      deny_delete: false,
      allow_atomic: undefined,
      allow_direct: false,
      max_msgs: 1_000,
      max_age: 3_600_000_000_000,
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      allow_msg_ttl: true,
      deny_purge: true,
      no_ack: true,
      sealed: true,
      mirror: { name: 'x' },
      sources: [{ name: 'x' }],
      republish: { src: '>' },
      persist_mode: 'async',
      subjects: ['mr.>'],
      num_replicas: 1,
    };
    for (const [setting, value] of Object.entries(wrong)) {
      const problems = configProblems({ ...configOf(wish, 'a'), [setting]: value }, wish);
      assert.equal(problems.length, 1, setting);
      assert.match(problems[0] ?? '', new RegExp(`^${setting} is `));
    }
  });
});

describe('the names of a partition', () => {
  it('are fit for a server, whatever the job is called, and its own', () => {
    const jobs = ['a', 'A', 'a.b', 'a b', '*', '>', 'ä', 'x'.repeat(300), `${'x'.repeat(300)}y`];
    for (const nameOf of [(job: string) => streamName(job, 0), (job: string) => recordSubject(job, 0), snapshotsName]) {
      const names = jobs.map(nameOf);
      assert.equal(new Set(names.map((name) => name.toLowerCase())).size, jobs.length);
      for (const name of names) assert.ok(name.length < 100, name);
    }
    for (const job of jobs) assert.match(streamName(job, 12), /^MR_[a-z0-9-]+_12$/);
    for (const job of jobs) assert.match(recordSubject(job, 12), /^mr\.[a-z0-9-]+\.12$/);
  });
});
