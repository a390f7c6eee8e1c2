/** How large the broker is that gets swept. */
export const scale = {
  queues: 10_000,
  connections: 200,
  channels: 4_000,
  consumers: 5_000,
  /** Left in queues that nobody reads. */
  messages: 13_000,
} as const;

const TOPICS = [
  'compute',
  'conductor',
  'scheduler',
  'cinder-volume',
  'cinder-scheduler',
  'q-plugin',
  'q-agent',
];
const AGENTS = [
  'nova-compute',
  'nova-conductor',
  'neutron-server',
  'neutron-openvswitch-agent',
  'cinder-volume',
];

/** Names as oslo.messaging gives them: replies, fanouts, topics with a host. The number makes each one different. */
export function queueName(number: number): string {
  const topic = TOPICS[number % TOPICS.length] ?? 'compute';
  switch (number % 10) {
    case 0:
    case 1:
    case 2:
      return `reply_${hex(number)}`;
    case 3:
    case 4:
    case 5:
    case 6:
      return `${topic}_fanout_${hex(number)}`;
    default:
      return `${topic}.compute-${String(number).padStart(5, '0')}.example.org`;
  }
}

export const isFanout = (name: string): boolean => name.includes('_fanout_');

/** `nova-compute:4242:uuid`, the name that oslo.messaging gives a connection. */
export function clientName(number: number): string {
  const digits = hex(number);
  const uuid = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ];
  return `${AGENTS[number % AGENTS.length]}:${4_000 + number}:${uuid.join('-')}`;
}

/** 32 hexadecimal digits that look random and are the same in every run. */
function hex(number: number): string {
  let state = (number + 1) * 2_654_435_761;
  return Array.from({ length: 4 }, () => {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9;
    return (state >>> 0).toString(16).padStart(8, '0');
  }).join('');
}
