/** What mosquitto's and MQTT.js' clients call it, by what it is here: for who types it out of habit. */
const NAMES: Readonly<Record<string, string>> = {
  cafile: 'ca',
  capath: 'ca',
  'tls-alpn': 'alpn',
  hostname: 'host',
  'protocol-version': 'mqtt',
  'disable-clean-session': 'keep-session',
  'no-clean': 'keep-session',
  'will-message': 'will-payload',
  'user-properties': 'user-property',
  property: 'user-property',
  D: 'user-property',
  format: 'json',
  F: 'json',
  'format-indicator': 'payload-text',
  'message-expiry-interval': 'message-expiry',
};

/** The option of ours that does it, of those that a command has; undefined: there is none. */
export const ourNameOf = (foreign: string, known: Readonly<Record<string, unknown>>): string | undefined => {
  const ours = Object.hasOwn(NAMES, foreign) ? NAMES[foreign] : undefined;
  return ours !== undefined && Object.hasOwn(known, ours) ? ours : undefined;
};
