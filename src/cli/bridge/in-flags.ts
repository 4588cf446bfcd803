/** Sentences of the library that say what a program can do and the command line cannot, or does in another way. */
const SENTENCES: readonly (readonly [said: RegExp, here: string])[] = [
  [/^the MQTT source cannot be (built|opened): /, '--from: '],
  [/^MQTT sink "[^"]*": /, '--to: '],
  [
    /onUnknownSession 'discard' \([^)]*\) or 'adopt' \([^)]*\)/,
    '--adopt-session (what the reading broker keeps for it is taken over, what the publishing one keeps is thrown away)',
  ],
  [/onSessionLoss '(\w+)'( [^,]*)?(,| or) '(\w+)'/, '--on-session-loss $1$2$3 $4'],
  [/processingGuarantee '([\w-]+)'/g, '--guarantee $1'],
  [/Engine\.embedded\(\{ dir \}\)/g, '--dir D'],
  [/scramSha256/g, '--auth scram-sha-256'],
  [/protocolVersion:? ([345])\b/g, '--mqtt $1'],
  [
    /^--(from|to): key is encrypted: give its passphrase/,
    '--$1: --key (--$1-key) is encrypted: give --passphrase-env (--$1-passphrase-env)',
  ],
  [
    /^--(from|to): passphrase is not that of key/,
    '--$1: --passphrase-env (--$1-passphrase-env) is not that of --key (--$1-key)',
  ],
  [/ca has no certificate in it: .*? PEM file/, '--ca has no certificate in it: it must be a PEM file'],
  [/ca, cert, key or passphrase cannot be used/, '--ca, --cert, --key or --passphrase-env cannot be used'],
  [/`cert` and `key`, `ALPNProtocols` and `minVersion`/, '--cert and --key, and --alpn'],
  [
    /Give the sink a retryStrategy to publish the message again later\./,
    'With --on-error the bridge goes on without it.',
  ],
  [/, or a smaller subscribeBatchSize/, ''],
  [/; a source can also deduplicate QoS 1 by deduplicateBy\(fn\)/, ''],
  [/giveUp: \[[^\]]*\] among the options of the job, on the command line /, ''],
];

/** Options that are flags, by their names in the library; those in backticks are words of every day otherwise. */
const FLAGS: Readonly<Record<string, string>> = {
  onSessionLoss: '--on-session-loss',
  onUnknownSession: '--adopt-session',
  onError: '--on-error',
  clientId: '--client-id',
  protocolVersion: '--mqtt',
  keepalive: '--keepalive',
  servername: '--servername',
  passphrase: '--passphrase-env',
  ALPNProtocols: '--alpn',
  followServerReference: '--follow-server-reference',
  refusalTimeout: '--refusal-timeout',
  processingGuarantee: '--guarantee',
  qualityOfService: '--qos',
  '`ca`': '--ca',
  '`cert`': '--cert',
  '`key`': '--key',
  '`servername`': '--servername',
  '`authentication`': '--auth',
  '`followServerReference`': '--follow-server-reference',
};

/** Whole words that are no part of a flag. */
const NAMES = new RegExp(`(?<![-\\w])(?:${Object.keys(FLAGS).join('|')})(?![-\\w])`, 'g');
/** What somebody else has named: a topic, a client id, a host. */
const QUOTED = /("[^"]*"|'[^']*'|\S+:\/\/\S+)/;

/** A message or an advice of the library, in the words of who typed the command. */
export function inFlags(text: string): string {
  let said = text;
  for (const [pattern, here] of SENTENCES) said = said.replace(pattern, here);
  const parts = said.split(QUOTED);
  return parts
    .map((part, index) => (index % 2 === 1 ? part : part.replace(NAMES, (name) => FLAGS[name] ?? name)))
    .join('');
}
