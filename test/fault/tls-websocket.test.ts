import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectOptions, MillraceError } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startWebSocketFront } from '../support/brokers/web-socket-front.js';
import { type Certificates, makeCertificates } from '../support/certificates.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import type { Frame, FrameType } from '../support/proxy/mqtt-frames.js';
import type { Side } from '../support/proxy/proxy-fault.js';
import {
  assertSound,
  type BridgeOptions,
  type RigBrokers,
  startBridge,
  startRigBrokers,
  stopRigBrokers,
} from '../support/rigs/bridge-rig.js';
import { until } from '../support/until.js';

/* Group J of the fault matrix: TLS and WebSocket, on both hops of a running bridge. */

let brokers: RigBrokers;
let tls: Certificates;

const bridge = (options: BridgeOptions) => startBridge(brokers, options);

describe('J: TLS and WebSocket', SUITE_LIMIT, () => {
  before(async () => {
    [brokers, tls] = await Promise.all([startRigBrokers(), makeCertificates()]);
  });
  after(() => stopRigBrokers(brokers));

  const refusals: readonly (readonly [string, () => BrokerTls])[] = [
    ['an expired certificate', () => ({ server: tls.expired, connect: { ca: tls.ca } })],
    ['a certificate for another host', () => ({ server: tls.wrongHost, connect: { ca: tls.ca } })],
    ['an unknown authority', () => ({ server: tls.server, connect: {} })],
    ['a missing client certificate', () => ({ server: tls.server, connect: { ca: tls.ca }, clientCertificate: true })],
  ];
  interface BrokerTls {
    readonly server: { readonly certFile: string; readonly keyFile: string };
    readonly connect: ConnectOptions;
    readonly clientCertificate?: boolean;
  }

  for (const [what, setting] of refusals) {
    for (const side of ['source', 'sink'] as const) {
      it(`J1 ${what} fails the job: no retry storm, no fallback to plain text (${side})`, LIMIT, async () => {
        const { server, connect, clientCertificate = false } = setting();
        const config = [`cafile ${tls.caFile}`, `certfile ${server.certFile}`, `keyfile ${server.keyFile}`];
        await using secured = await startMosquitto({
          listeners: [{ config: clientCertificate ? [...config, 'require_certificate true'] : config }],
        });
        await using proxy = await startChaosProxy({ to: { port: secured.listenerPorts[0] ?? 0 }, opaque: true });
        const url = `mqtts://127.0.0.1:${proxy.port}`;
        const options =
          side === 'source' ? { sourceUrl: url, sourceConnect: connect } : { sinkUrl: url, sinkConnect: connect };
        const error = await bridge(options).then(
          () => undefined,
          (failure: MillraceError) => failure,
        );
        assert.equal(error?.code, 'TLS_REFUSED', String(error));
        await sleep(100);
        assert.equal(proxy.connections, 1);
        assert.equal(proxy.frames('client', 'raw')[0]?.bytes[0], 0x16, 'a TLS hello and no CONNECT in plain text');
      });
    }
  }

  for (const side of ['source', 'sink'] as const) {
    it(
      `J2 TLS cut without close_notify in every phase of QoS 2 loses and doubles nothing (${side})`,
      LIMIT,
      async () => {
        const key = { key: tls.server.key, cert: tls.server.cert };
        const target = side === 'source' ? brokers.from : brokers.to;
        await using proxy = await startChaosProxy({ to: target, tls: key });
        const connect = { ca: tls.ca };
        const options =
          side === 'source'
            ? { sourceUrl: proxy.url, sourceConnect: connect }
            : { sinkUrl: proxy.url, sinkConnect: connect };
        await using rig = await bridge({ qos: 2, ...options });
        const [from, to]: [Side, Side] = side === 'source' ? ['server', 'client'] : ['client', 'server'];
        const phases: readonly (readonly [Side, FrameType])[] = [
          [from, 'publish'],
          [to, 'pubrec'],
          [from, 'pubrel'],
          [to, 'pubcomp'],
        ];
        for (const [sender, type] of phases) {
          for (const how of ['fin', 'rst'] as const) {
            const fault = proxy.cut({
              when: { from: sender, type, nth: 7 },
              how,
              at: how === 'fin' ? 'before' : 'after',
            });
            await rig.publish(30);
            await fault.fired();
          }
        }
        assertSound(await rig.settle(), { once: true });
        assert.ok(proxy.connections >= 9);
      },
    );
  }

  it(
    'J2 a byte that is damaged under TLS ends the connection: no message is changed (compare B11)',
    LIMIT,
    async () => {
      const config = [`cafile ${tls.caFile}`, `certfile ${tls.server.certFile}`, `keyfile ${tls.server.keyFile}`];
      await using secured = await startMosquitto({ listeners: [{ config }] });
      await using proxy = await startChaosProxy({ to: { port: secured.listenerPorts[0] ?? 0 }, opaque: true });
      const options = { sourceUrl: `mqtts://localhost:${proxy.port}`, sourceConnect: { ca: tls.ca } };
      await using rig = await startBridge({ from: secured, to: brokers.to }, { qos: 2, ...options });
      const large = ({ bytes }: Frame) => bytes.length > 500;
      const fault = proxy.corrupt({ packet: { from: 'server', type: 'raw', where: large }, offset: -8, xor: 0x10 });
      await rig.publish(200);
      await fault.fired();
      assertSound(await rig.settle(), { once: true });
      assert.ok(proxy.connections >= 2);
    },
  );

  for (const side of ['source', 'sink'] as const) {
    it(`J3 text frames, 1009, pings, fragments and a 502 on the way are outlived (${side})`, LIMIT, async () => {
      const front = await startWebSocketFront(side === 'source' ? brokers.from : brokers.to);
      const options = side === 'source' ? { sourceUrl: front.url } : { sinkUrl: front.url };
      await using rig = await bridge({ qos: 2, ...options });
      const mischief: readonly (() => void)[] = [
        () => {
          for (const socket of front.sockets) socket.send('this is text');
        },
        () => {
          for (const socket of front.sockets) socket.close(1009);
        },
        () => {
          for (const socket of front.sockets) socket.terminate();
        },
        () => {
          front.refuseWith = 502;
          for (const socket of front.sockets) socket.terminate();
        },
      ];
      for (const act of mischief) {
        await rig.publish(30);
        const before = front.attempts;
        act();
        await until(() => front.attempts > before, { what: 'another attempt' });
        await rig.publish(30);
        front.refuseWith = undefined;
        await until(() => rig.metric('millrace_connected') === 2, { what: 'both sides connected' });
      }
      const settled = front.attempts;
      front.frameBytes = 7;
      for (const socket of front.sockets) for (let ping = 0; ping < 50; ping += 1) socket.ping();
      await rig.publish(150);
      assertSound(await rig.settle(), { once: true });
      assert.equal(front.attempts, settled, 'fragments, frames across packets and pings are no reason to reconnect');
    });
  }
});
