/** Node's and OpenSSL's names of errors, as people know them. */
export const errorWords = (message: string): string =>
  message
    .replace(/connect ECONNREFUSED( \S+)?/, 'connection refused')
    .replace(/connect ETIMEDOUT( \S+)?/, 'connection timed out')
    .replace(/getaddrinfo (ENOTFOUND|EAI_AGAIN)( \S+)?/, 'host not found')
    .replace(/connect (EHOSTUNREACH|ENETUNREACH)( \S+)?/, 'host not reachable')
    .replace(/(read|write) (ECONNRESET|EPIPE)/, 'the other end closed the connection')
    // tried where a number begins, not at each of its digits
    .replace(/(?<![0-9A-F])[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):\S*/, '$1');
