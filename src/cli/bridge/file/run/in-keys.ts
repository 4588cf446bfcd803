/** Sentences of the library that say what a program can do, and a bridge file does in another way. */
const SENTENCES: readonly (readonly [said: RegExp, here: string])[] = [
  [
    /onUnknownSession 'discard' \([^)]*\) or 'adopt' \([^)]*\)/,
    'adoptSession: true (what the reading broker keeps for it is taken over, what the publishing one keeps is thrown away)',
  ],
  [/onSessionLoss '(\w+)'( [^,]*)?(,| or) '(\w+)'/, 'onSessionLoss: $1$2$3 $4'],
  [/processingGuarantee '([\w-]+)'/g, 'guarantee: $1'],
  [/Engine\.embedded\(\{ dir \}\)/g, 'dir'],
  [/scramSha256/g, 'auth: scram-sha-256'],
  [/protocolVersion:? ([345])\b/g, 'mqtt: $1'],
  [/Give the sink a retryStrategy to publish the message again later\./, 'With onError the route goes on without it.'],
  [/, or a smaller subscribeBatchSize/, ''],
  [/; a source can also deduplicate QoS 1 by deduplicateBy\(fn\)/, ''],
  [/giveUp: (\[[^\]]*\]) among the options of the job, on the command line .*?(?=$|[.;])/, 'giveUp: $1 of the route'],
];

/** A message or an advice of the library, in the words of who wrote the file. */
export const inKeys = (text: string): string =>
  SENTENCES.reduce((said, [pattern, here]) => said.replace(pattern, here), text);
