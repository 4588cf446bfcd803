import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createUser } from '@nats-io/nkeys';
import { type NatsAuth, NatsClient, type NatsOptions } from '../../src/nats/index.js';
import { makeCertificates } from '../support/certificates.js';
import { onCleanup } from '../support/cleanup.js';
import { freePort } from '../support/free-port.js';
import { LIMIT, PATIENCE_MS } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { makeSignedUsers } from '../support/nats/nats-users.js';
import { rejectsWith } from '../support/rejects-with.js';
import { tempDir } from '../support/temp-dir.js';
import { within } from '../support/within.js';

const skip = natsAbsence() ?? false;
/** Longer than a test: an answer to it that comes is no timeout. */
const NEVER_MS = 10 * PATIENCE_MS;
const SECRET = 'secret-of-the-test';

const open = async (options: NatsOptions): Promise<NatsClient> => {
  const client = await NatsClient.open(options);
  onCleanup(() => client.close());
  return client;
};
const ask = (client: NatsClient, subject: string) => client.request({ subject, payload: '', timeoutMs: NEVER_MS });

describe('the connection to NATS', { skip }, () => {
  it('servers that are not there are CLUSTER_UNREACHABLE, which may pass', LIMIT, async () => {
    const error = await rejectsWith('CLUSTER_UNREACHABLE', open({ servers: `127.0.0.1:${await freePort()}` }));
    assert.equal(error.retryable, true);
    assert.equal(error.fault, 'network');
  });

  it('of several servers one that answers is enough', LIMIT, async () => {
    await using nats = await startNats();
    const client = await open({ servers: `nats://127.0.0.1:${await freePort()}, ${nats.urls[0]}` });
    assert.equal(client.maxPayload, 1_048_576);
  });

  it('what nobody listens to is CLUSTER_UNREACHABLE at once', LIMIT, async () => {
    await using nats = await startNats();
    await rejectsWith('CLUSTER_UNREACHABLE', ask(await open({ servers: nats.urls }), 'nobody'));
  });

  it('NC1, NC2: a request under way ends with the connection, and goes out again on the next one', LIMIT, async () => {
    await using nats = await startNats();
    const [server] = nats.servers;
    const client = await open({ servers: nats.urls });
    const silent = client.connection.subscribe('silent');
    await client.connection.flush();
    const request = rejectsWith('CLUSTER_UNREACHABLE', ask(client, 'silent'));
    await silent[Symbol.asyncIterator]().next();

    await server?.kill();
    await within(request, PATIENCE_MS, 'the request is rejected');
    await rejectsWith('CLUSTER_UNREACHABLE', ask(client, 'silent'));
    server?.start();
    await client.whenConnected(PATIENCE_MS);

    const echo = client.connection.subscribe('echo', { callback: (_, message) => void message.respond('back') });
    assert.equal((await ask(client, 'echo')).string(), 'back');
    echo.unsubscribe();
  });

  it('a server that stands still is left for another one', LIMIT, async () => {
    await using nats = await startNats({ size: 3 });
    const client = await open({ servers: nats.urls });
    const ours = nats.servers.find(({ port }) => client.connection.getServer().endsWith(`:${port}`));
    assert.ok(ours);
    ours.suspend();
    await within(
      rejectsWith('CLUSTER_UNREACHABLE', ask(client, '$JS.API.INFO')),
      PATIENCE_MS,
      'the request is rejected',
    );
    await client.whenConnected(PATIENCE_MS);
    assert.ok((await ask(client, '$JS.API.INFO')).json());
  });

  it('after close what waits is rejected, and what comes is INVALID_STATE', LIMIT, async () => {
    await using nats = await startNats();
    const client = await open({ servers: nats.urls });
    const silent = client.connection.subscribe('silent', { callback: () => {} });
    assert.ok(silent);
    const request = rejectsWith('INVALID_STATE', ask(client, 'silent'));
    await client.close();
    await request;
    await rejectsWith('INVALID_STATE', ask(client, 'silent'));
  });

  it('servers that are too old are UNSUPPORTED', LIMIT, async () => {
    const info = {
      server_id: 'x',
      version: '2.10.29',
      headers: true,
      max_payload: 1,
      proto: 1,
      host: '',
      port: 0,
      go: '',
    };
    const server = createServer((socket) => {
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on('data', (data) => data.includes('PING') && socket.write('PONG\r\n'));
      socket.on('error', () => {});
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onCleanup(() => void server.close());
    const error = await rejectsWith('UNSUPPORTED', open({ servers: `127.0.0.1:${port}` }));
    assert.match(error.message, /2\.10\.29.*2\.12/);
  });
});

describe('who we are to NATS', { skip }, () => {
  const nkey = createUser();
  const seed = Buffer.from(nkey.getSeed()).toString();
  const ways: readonly {
    readonly name: string;
    readonly config: string;
    readonly right: NatsAuth;
    readonly wrong: NatsAuth;
  }[] = [
    {
      name: 'user and password',
      config: `authorization { user: mr, password: "${SECRET}" }`,
      right: { user: 'mr', password: () => SECRET },
      wrong: { user: 'mr', password: `not ${SECRET}` },
    },
    {
      name: 'a token',
      config: `authorization { token: "${SECRET}" }`,
      right: { token: SECRET },
      wrong: { token: `not ${SECRET}` },
    },
    {
      name: 'an nkey',
      config: `authorization { users: [ { nkey: ${nkey.getPublicKey()} } ] }`,
      right: { nkeySeed: seed },
      wrong: { nkeySeed: Buffer.from(createUser().getSeed()).toString() },
    },
  ];
  for (const { name, config, right, wrong } of ways) {
    it(`by ${name}; a wrong one is BAD_CREDENTIALS, and no secret is in the error`, LIMIT, async () => {
      await using nats = await startNats({ extra: config });
      const client = await open({ servers: nats.urls, auth: right });
      assert.ok((await ask(client, '$JS.API.INFO')).json());
      const error = await rejectsWith('BAD_CREDENTIALS', open({ servers: nats.urls, auth: wrong }));
      assert.equal(error.retryable, false);
      assert.doesNotMatch(JSON.stringify(error), new RegExp(`${SECRET}|${Object.values(wrong).at(-1)}`));
    });
  }

  it('by a file of credentials; one that is not there is INVALID_OPTIONS', LIMIT, async () => {
    const users = makeSignedUsers();
    await using nats = await startNats({ extra: users.config, jetStream: false });
    const credentialsFile = join(tempDir('nats'), 'mr.creds');
    await rejectsWith('INVALID_OPTIONS', open({ servers: nats.urls, auth: { credentialsFile } }));
    writeFileSync(credentialsFile, users.credentials);
    const client = await open({ servers: nats.urls, auth: { credentialsFile } });
    await rejectsWith('CLUSTER_UNREACHABLE', ask(client, 'nobody'));
  });

  it('what the user may not do is NOT_AUTHORIZED at once', LIMIT, async () => {
    await using nats = await startNats({
      extra: 'authorization { users: [ { user: mr, password: x, permissions: { publish: "allowed" } } ] }',
    });
    const client = await open({ servers: nats.urls, auth: { user: 'mr', password: 'x' } });
    const error = await rejectsWith('NOT_AUTHORIZED', ask(client, 'forbidden'));
    assert.equal(error.retryable, false);
  });

  it('TLS: servers are believed by the authority that was named, and by no other', LIMIT, async () => {
    const certificates = await makeCertificates();
    const { certFile, keyFile } = certificates.server;
    await using nats = await startNats({ extra: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }` });
    const servers = nats.urls.map((url) => url.replace('nats://', 'tls://'));
    const client = await open({ servers, tls: { caFile: certificates.caFile } });
    assert.ok((await ask(client, '$JS.API.INFO')).json());
    await rejectsWith('TLS_REFUSED', open({ servers }));
  });
});
