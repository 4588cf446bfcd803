/** What may happen on a diagnostics channel that whoever runs a job must know, once: what is wrong, and what to do where that is not clear. */
export const OPERATOR_NOTES: readonly (readonly [channel: string, text: string])[] = [
  ['millrace:granted-qos', 'the broker grants a lower QoS than was asked for'],
  ['millrace:messages-dropped', 'messages at QoS 0 come faster than they can be passed on: some are dropped'],
  [
    'millrace:properties-dropped',
    'the MQTT 5 properties of messages are dropped: the other broker speaks an older version',
  ],
  [
    'millrace:older-version',
    'a broker is spoken to in an older version than MQTT 5.0, which it did not take: no message has properties there',
  ],
  ['millrace:session-suspect', 'the broker seems to have lost the session without saying so: messages may be gone'],
  ['millrace:message-unmatched', 'messages of a filter that an earlier run had subscribed to are left out'],
  ['millrace:session-unverified', 'a broker says that it has our session, and cannot prove it'],
  ['millrace:session-not-kept', 'a broker does not keep our session: each cut and each restart loses it'],
  ['millrace:session-expiry-shortened', 'a broker keeps the session for a shorter time than was asked for'],
  ['millrace:overlapping-filters', 'filters of the source overlap: a message that two of them match may come twice'],
  ['millrace:qos-below-subscription', 'messages come at a lower QoS than 2: of those the broker may send copies'],
  ['millrace:outbox-full', 'the outbox is full: nothing is read until the receiving broker takes some of it'],
  [
    'millrace:credentials-in-clear',
    'a password goes to another machine unencrypted: use mqtts:// or wss://, or scramSha256 with MQTT 5',
  ],
  [
    'millrace:message-suspected',
    'the receiving broker closes the connection while a message waits for its answer: it is being found out whether that is the cause',
  ],
  ['millrace:qos-downgraded', 'the receiving broker has no QoS 2: messages may arrive twice'],
  [
    'millrace:message-expired',
    'messages expired before they could be passed on: they are dropped, as their publishers asked',
  ],
  ['millrace:insecure-tls', 'the certificate of a broker is not verified'],
];
