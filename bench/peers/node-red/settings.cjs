/* Without its editor: what the flow costs, and no more. */
module.exports = {
  uiHost: '127.0.0.1',
  uiPort: Number(process.env.PEER_PORT),
  httpAdminRoot: false,
  httpNodeRoot: false,
  logging: { console: { level: 'error', metrics: false, audit: false } },
};
