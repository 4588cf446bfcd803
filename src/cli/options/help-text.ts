const MAIN = `Usage: millrace <command> [options]

Commands:
  bridge       Move messages from one MQTT broker to another
  run MODULE   Run the pipeline that a module exports by default

  millrace <command> --help    The options of a command
  millrace --version           The version

Exit codes: 0 done or stopped on request, 1 the job failed, 2 wrong usage.
`;

const COMMON = `  --give-up PART...    Give up what --dir has of a part that is no more: 'sink x', 'stage x', 'source x', 'client x'
  --drain-timeout S    On SIGINT or SIGTERM: wait at most S seconds until what was read is delivered (default 10)
  --stats              A line a second on stderr: rates, in flight, buffered, reconnects; with --dir the outbox and its commits
  --json               Events as lines of JSON on stdout
  --help, --version

SIGINT or SIGTERM stops reading, delivers what was read (with --dir: stores it), keeps the session and exits with 0. A second signal exits at once.
Exit codes: 0 done or stopped on request, 1 the job failed, 2 wrong usage.
`;

const BRIDGE = `Usage: millrace bridge --from URL --topic FILTER... --to URL --to-topic TEMPLATE --client-id ID [options]

Reads the topics of one broker and publishes them to another (or the same), in order, at least once, or exactly once. Payload,
retain flag and MQTT 5 properties are kept; a message keeps its own QoS, at most --qos (exactly-once publishes all at QoS 2). Brokers clear the retain flag of a live message
unless asked to keep it, which --mqtt 5 does; that of a stored message always stays. One line with the word RUNNING goes to
stderr when the subscription is granted and the other side is connected.

  --from URL           Broker to read from: mqtt://host:1883, mqtts://, ws://, wss://; a user may stand in it (mqtts://user@host)
  --topic FILTER...    What to read; may repeat and takes several filters; + # and $share/group/ as usual
  --to URL             Broker to publish to
  --to-topic TEMPLATE  Topic to publish to: {topic} is the received topic, {level.N} its N-th level from 1, {{ }} are braces
  --client-id ID       Client id of the reading side; the publishing side is ID-0
  --qos 0|1|2          Highest QoS, reading and publishing (default 1; with exactly-once 2)
  --guarantee G        none, at-least-once or exactly-once (default at-least-once; with --qos 0 none)
  --dir D              Where exactly-once keeps its state, across crashes too; one process at a time. The others keep none
  --on-session-loss P  When a broker has lost the session: fail (default with exactly-once), redeliver (default with
                       at-least-once) what was under way, which may double it, or drop it, which may lose it
  --dead-letters F     A message that is malformed, or that the other broker refuses for good, is appended to F as a line of
                       JSON, and the bridge goes on (default: the bridge fails at it)
  --adopt-session      Go on with a session at the reading broker that --dir knows nothing of (a lost or new directory)
  --mqtt 5|4|3         MQTT 5.0, 3.1.1 or 3.1 on both sides (default: the newest that the broker takes)
  --username U         For both sides, but a side whose URL names a user
  --password-env V     The password is in the environment variable V
  --password-file F    The password is in the file F
  --auth A             How sides with a user and a password use it: password (default), or scram-sha-256, which proves it without
                       sending it, and the broker to us (MQTT 5 only)
  --ca F               Certificate authority to trust, as a PEM file, for mqtts and wss
  --cert F --key F     Client certificate and its key, as PEM files
  --follow-server-reference
                       Go where a broker sends its clients (MQTT 5: Use another server, Server moved), never from TLS to plain text
  --stop-after N       Stop when N messages were received, delivered and acknowledged
  --connect-timeout S  How long the first connections may take (default 10; 0: for ever); later ones are tried for ever
${COMMON}`;

const RUN = `Usage: millrace run MODULE [options]

Runs the pipeline that a JavaScript or TypeScript module exports by default: a Pipeline, or a function that gives one. A named
export 'config' may hold the job's options (name, processingGuarantee). TypeScript runs as it is on Node 22.18 and later; on
older ones tsx must be installed in your project (npm install --save-dev tsx).

  --dir D              Where jobs with exactly-once, or with at-least-once and state, keep it; one process at a time
${COMMON}`;

const TEXTS = { main: MAIN, bridge: BRIDGE, run: RUN } as const;

export type HelpTopic = keyof typeof TEXTS;

/** What `--help` prints. */
export function helpText(topic: HelpTopic): string {
  return TEXTS[topic];
}
