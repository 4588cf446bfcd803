/*
 * The flow of Node-RED: `mqtt in` with a kept session, and behind it `mqtt out`, or a function that takes a number out of the message.
 * node flow.mjs WORK FROM TO WINDOW CLIENT-ID FILTER prints it.
 */
const [work, from, to, window, clientId, filter] = process.argv.slice(2);

const broker = (id, port, more) => ({
  id,
  type: 'mqtt-broker',
  broker: '127.0.0.1',
  port,
  protocolVersion: '5',
  keepalive: '60',
  autoConnect: true,
  ...more,
});
const kept = { clientid: clientId, cleansession: false, sessionExpiry: '3600', receiveMaximum: window };

const source = { id: 'in', type: 'mqtt in', z: 'flow', topic: filter, qos: '1', datatype: 'buffer', broker: 'from' };
const end =
  work === 'bridge'
    ? { id: 'end', type: 'mqtt out', z: 'flow', topic: '', qos: '', retain: '', broker: 'to', wires: [] }
    : {
        id: 'end',
        type: 'function',
        z: 'flow',
        func: "context.set('sum', Number.parseInt(msg.payload.toString(), 10));",
        outputs: 0,
        wires: [],
      };
const flow = [
  { id: 'flow', type: 'tab', label: 'bench' },
  broker('from', from, kept),
  ...(work === 'bridge' ? [broker('to', to, { clientid: `${clientId}-to`, cleansession: true })] : []),
  { ...source, wires: [['end']] },
  end,
];
process.stdout.write(JSON.stringify(flow));
