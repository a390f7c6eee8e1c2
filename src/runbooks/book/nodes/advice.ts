import type { SilenceReason } from '../../snapshot/snapshot.ts';

/* Why something cannot be seen, in words, and what to set right. */

const adviceFor = {
  refused: 'Nothing listens on the management port: is the management plugin on, and the address right?',
  timeout: 'The node is slow or something drops packets: look at its load and at the network.',
  unauthorized: 'Check the user name and password, and that the user has the tag `monitoring`.',
  'not-json': 'Something else answers on that address: check the management URL and any proxy.',
  tls: 'Check the certificate and the CA of the management URL.',
  'http-error': "Look at the node's log: its management API reports an error.",
  'wrong-node':
    'Set right the management URL or the name of this node in the configuration: that address belongs to another node.',
  'not-itself':
    'Check the management URL and any proxy before it, and the name of this node in the configuration.',
  unreachable: 'Check the address, the name resolution and the route to the node.',
} satisfies Record<SilenceReason, string>;

const isReason = (why: string): why is SilenceReason => why in adviceFor;

const memberCures: Readonly<Record<string, string>> = {
  'not-configured': 'Add it to the nodes of this cluster in the configuration.',
  'stale-member':
    'Add it to the nodes in the configuration; or, if it has left for good, `rabbitmqctl forget_cluster_node` removes it.',
};

/** What to set right. */
export const adviceOf = (why: string): string =>
  isReason(why)
    ? adviceFor[why]
    : (memberCures[why] ??
      "Look at the node's load and at its log; the listing may be too large for the deadline.");

/** Why a node cannot be seen, as a headline ends. */
export function whyWords(why: string): string {
  if (!isReason(why)) return why;
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
      return 'its list of nodes does not name it';
    case 'unreachable':
      return 'its address cannot be reached';
  }
}
