import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys';

/** Servers that know their users by signed tokens, as `nsc` makes them, and the file of one user. */
export interface SignedUsers {
  /** Lines for a server's configuration. */
  readonly config: string;
  /** What stands in the user's file. */
  readonly credentials: string;
}

/** Makes an operator, an account and a user. */
export function makeSignedUsers(): SignedUsers {
  const [operator, account, user] = [createOperator(), createAccount(), createUser()];
  const text = (key: Uint8Array) => Buffer.from(key).toString();
  const limits = { subs: -1, data: -1, payload: -1 };
  const operatorToken = sign(operator, operator, { type: 'operator', version: 2 });
  const accountToken = sign(operator, account, {
    type: 'account',
    version: 2,
    limits: { ...limits, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true },
  });
  const userToken = sign(account, user, { type: 'user', version: 2, ...limits });
  return {
    config: `operator: ${operatorToken}
resolver: MEMORY
resolver_preload: { ${account.getPublicKey()}: ${accountToken} }`,
    credentials: `-----BEGIN NATS USER JWT-----
${userToken}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${text(user.getSeed())}
------END USER NKEY SEED------
`,
  };
}

/** A token about one key by another. */
function sign(issuer: KeyPair, about: KeyPair, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    jti: about.getPublicKey(),
    iat: 1,
    iss: issuer.getPublicKey(),
    name: 'test',
    sub: about.getPublicKey(),
    nats,
  };
  const body = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${body}.${Buffer.from(issuer.sign(Buffer.from(body))).toString('base64url')}`;
}
