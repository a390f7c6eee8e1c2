/** Answers `oslo_rpc_server_ping`, as servers with `rpc_ping_enabled` do: it proves that the server works. */
export const pingEndpoint = {
  oslo_rpc_server_ping: () => 'pong',
};
