import type { SilenceReason } from '../../snapshot/snapshot.ts';

/* Words for why something cannot be seen, and what to correct. */

const adviceFor = {
  refused:
    'Nothing listens on the management port: is the management plugin enabled, and is the address right?',
  timeout: 'The node is slow, or the network drops packets: check its load and the network.',
  unauthorized: 'Check the user name and password, and that the user has the tag `monitoring`.',
  'not-json': 'Something else answers on that address: check the management URL and any proxy.',
  tls: 'Check the certificate and the CA of the management URL.',
  'http-error': "Check the node's log: its management API reports an error.",
  'wrong-node':
    'Correct the management URL or the name of this node in the configuration: that address belongs to another node.',
  'not-itself':
    'Check the management URL, any proxy in front of it, and the name of this node in the configuration.',
  unreachable: 'Check the address, the name resolution and the route to the node.',
} satisfies Record<SilenceReason, string>;

const isReason = (why: string): why is SilenceReason => why in adviceFor;

const memberAdvice: Readonly<Record<string, string>> = {
  'not-configured': 'Add it to the nodes of this cluster in the configuration.',
  'stale-member':
    'Add it to the nodes in the configuration; or, if it has left for good, `rabbitmqctl forget_cluster_node` removes it.',
};

/** Advice on what to correct. */
export const adviceOf = (why: string): string =>
  isReason(why)
    ? adviceFor[why]
    : (memberAdvice[why] ??
      "Check the node's load and its log; the listing may be too large for the deadline.");

/** End of a headline: why a node cannot be seen. */
export function whyWords(why: string): string {
  if (!isReason(why)) {
    return why;
  }
  switch (why) {
    case 'refused':
      return 'it refuses connections';
    case 'timeout':
      return 'its API does not answer in time';
    case 'unauthorized':
      return 'it refuses my password';
    case 'not-json':
      return 'what answers is not RabbitMQ';
    case 'tls':
      return 'the TLS connection fails';
    case 'http-error':
      return 'its API reports an error';
    case 'wrong-node':
      return 'another node answers at its address';
    case 'not-itself':
      return 'its own list of nodes does not contain it';
    case 'unreachable':
      return 'its address cannot be reached';
  }
}
