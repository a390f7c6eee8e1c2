/** An OpenStack-like service of the sandbox: who it is, what it listens to, whom it talks to. */
export interface ServiceDescription {
  /** The program's name, as in its connection's name. */
  readonly name: string;
  /** One process each; the word is the `server` of its target. */
  readonly hosts: readonly string[];
  /** What it listens to. */
  readonly topic: string;
  /** Its queues, for the bot's configuration. */
  readonly queues: string;
  /** What others may ask of it. */
  readonly methods: readonly string[];
  /** The topic of the notifications that it reads. */
  readonly reads?: string;
  /** What it says to others. */
  readonly says: readonly Saying[];
}

/** One thing that a service says every now and then. */
export type Saying =
  | {
      readonly kind: 'call' | 'cast' | 'fanout';
      readonly topic: string;
      readonly method: string;
      /** Milliseconds between two. */
      readonly everyMs: number;
      /** To one server of the topic instead of any. */
      readonly server?: string;
    }
  | { readonly kind: 'notify'; readonly eventType: string; readonly everyMs: number };

/** Who runs in the sandbox. Names, topics and manners are OpenStack's. */
export const serviceTable: readonly ServiceDescription[] = [
  {
    name: 'nova-conductor',
    hosts: ['ctl1', 'ctl2'],
    topic: 'conductor',
    methods: ['object_action', 'external_instance_event'],
    queues: '^conductor',
    says: [
      { kind: 'cast', topic: 'compute', server: 'cmp1', method: 'build_and_run_instance', everyMs: 1_000 },
      { kind: 'cast', topic: 'compute', server: 'cmp2', method: 'build_and_run_instance', everyMs: 1_300 },
      { kind: 'call', topic: 'q-plugin', method: 'get_ports', everyMs: 1_700 },
    ],
  },
  {
    name: 'nova-compute',
    hosts: ['cmp1', 'cmp2'],
    topic: 'compute',
    methods: ['build_and_run_instance'],
    queues: '^compute',
    says: [
      { kind: 'call', topic: 'conductor', method: 'object_action', everyMs: 1_000 },
      { kind: 'call', topic: 'cinder-volume', method: 'initialize_connection', everyMs: 2_000 },
      { kind: 'notify', eventType: 'compute.instance.exists', everyMs: 3_000 },
    ],
  },
  {
    name: 'cinder-scheduler',
    hosts: ['ctl1', 'ctl2'],
    topic: 'cinder-scheduler',
    methods: ['update_service_capabilities'],
    queues: '^cinder-scheduler',
    says: [{ kind: 'cast', topic: 'cinder-volume', method: 'create_volume', everyMs: 1_000 }],
  },
  {
    name: 'cinder-volume',
    hosts: ['vol1'],
    topic: 'cinder-volume',
    methods: ['create_volume', 'initialize_connection'],
    queues: '^cinder-volume',
    says: [
      {
        kind: 'fanout',
        topic: 'cinder-scheduler',
        method: 'update_service_capabilities',
        everyMs: 1_000,
      },
      { kind: 'notify', eventType: 'volume.usage', everyMs: 3_000 },
    ],
  },
  {
    name: 'neutron-server',
    hosts: ['ctl1'],
    topic: 'q-plugin',
    methods: ['get_ports'],
    reads: 'notifications',
    queues: '^(q-|neutron|notifications)',
    says: [
      { kind: 'cast', topic: 'conductor', method: 'external_instance_event', everyMs: 1_500 },
      { kind: 'notify', eventType: 'port.update.end', everyMs: 3_000 },
    ],
  },
];
