import type { TlsOptions } from '../../rpc/index.ts';
import type { ClusterSettings, HostSettings, PlanLimits, Tier } from '../../runbooks/index.ts';

/** The whole configuration after parsing: defaults filled in, secrets resolved, durations in milliseconds. */
export interface BotConfig {
  readonly slack: SlackConfig;
  readonly redis: RedisConfig;
  readonly clusters: readonly ClusterConfig[];
  readonly hosts: Readonly<Record<string, HostConfig>>;
  /** The broker of the agents; absent where no host is reached by one. */
  readonly agents?: { readonly transportUrl: string };
  readonly people: PeopleConfig;
  readonly limits: PlanLimits;
  readonly halt: HaltConfig;
  /** Planned work, by the calendar. */
  readonly maintenance: readonly MaintenanceWindow[];
  readonly schedule: ScheduleConfig;
  /** Health and metrics; absent: no port is opened. */
  readonly health?: { readonly host: string; readonly port: number };
  readonly audit: AuditConfig;
  /** Where alerts go that Slack does not take; absent: nowhere. */
  readonly notify?: { readonly webhook: string; readonly afterMs: number };
  /** The file itself and those of its secrets. */
  readonly readFrom?: readonly string[];
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
  /** Set by the sandbox only: where `/rabbit break <fault>` is sent. */
  readonly sandbox?: { readonly controlUrl: string };
}

export interface RedisConfig {
  /** A single server. Not used where there are sentinels. */
  readonly url: string;
  readonly sentinel?: SentinelConfig;
  /** TLS of a `rediss:` URL; with sentinels, TLS to them and to the master. */
  readonly tls?: TlsTexts;
  readonly prefix: string;
  /** How many replicas must hold a vote, a halt or an entry of the ledger before it counts. @default 0; with sentinels 1 */
  readonly copies?: number;
}

/** A master that is found by asking its sentinels, and found anew after a failover. */
export interface SentinelConfig {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** What the sentinels call the master. */
  readonly name: string;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  readonly sentinelPassword?: string;
}

export interface SlackConfig {
  readonly mode: 'socket' | 'http';
  readonly botToken: string;
  readonly appToken?: string;
  /** By which Slack signs its requests; beside the new one the old one, while it is changed. */
  readonly signingSecrets?: readonly string[];
  readonly port?: number;
  /** Channel for clusters that name none, and for digests. */
  readonly channel: string;
  readonly apiUrl: string;
}

export interface ClusterConfig {
  readonly settings: ClusterSettings;
  readonly channel: string;
  readonly vhost: string;
  readonly username: string;
  readonly password: string;
  readonly tls?: ClusterTls;
  readonly nodes: readonly NodeConfig[];
}

/** Who is trusted and what is shown; texts in PEM. Without `ca`, the authorities of Node count. */
export type TlsTexts = Pick<TlsOptions, 'ca' | 'certificate' | 'key' | 'serverName'>;

/** For the addresses of a cluster with `https:` and `amqps:`. */
export interface ClusterTls extends TlsTexts {
  /** Who the bot is on AMQP: its user and password, or whom the certificate names (EXTERNAL). */
  readonly login: 'password' | 'certificate';
}

export interface NodeConfig {
  readonly name: string;
  readonly management: string;
  readonly amqp: string;
  /** `host:port` of the node's epmd; absent: not asked. */
  readonly epmd?: string;
  readonly host?: string;
  /** `http://host:15692` when the Prometheus plugin is on. */
  readonly prometheus?: string;
}

export type HostConfig = HostSettings;

export interface PeopleConfig {
  /** Slack user ids or user group ids. Empty means nobody. */
  readonly approvers: readonly string[];
  readonly adminApprovers: readonly string[];
  /** Whether the person who asked for a plan may approve it, by tier. @default all false, `reversible` true */
  readonly selfApproval: Readonly<Record<Tier, boolean>>;
  /** How many different people must say yes. By tier. @default reversible 1, destructive 1, node 2, mass 2 */
  readonly approvals: Readonly<Record<Tier, number>>;
  /** How long a plan may be approved, milliseconds. @default 300000 */
  readonly planExpiresMs: number;
  /** Who may use break-glass: user ids or user group ids. @default the approvers */
  readonly onCall: readonly string[];
  /** Who is paged then: user ids or user group ids. @default the admin approvers */
  readonly owners: readonly string[];
  /** Names of the bot's machine and the Slack user that each is, for `watership approve` and `resume`. */
  readonly cli: Readonly<Record<string, string>>;
  /** Hours in which plans of tier `mass` can be approved without break-glass. @default Mon to Fri, 08:00 to 18:00 UTC */
  readonly businessHours: BusinessHours;
  /** Whether the approver must type a confirmation, by tier. @default destructive, node and mass: yes; reversible: no */
  readonly typedConfirmation?: Readonly<Partial<Record<Tier, boolean>>>;
}

export interface AuditConfig {
  /** Where the audit is mirrored, one JSON object a line. Absent: it stands in Redis only. */
  readonly file?: string;
  /** What the chain is sealed with. Absent: it is not sealed. */
  readonly key?: string;
  /** How many entries Redis keeps at least. @default 200000 */
  readonly keep: number;
}

export interface BusinessHours {
  /** 1 is Monday, 7 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight. */
  readonly fromMinute: number;
  readonly untilMinute: number;
  readonly timezone: string;
}

export interface HaltConfig {
  /** While this file is there, or cannot be looked for, nothing is done. */
  readonly file?: string;
  /** The value of WATERSHIP_HALT at the start: anything but nothing halts this process for as long as it lives. */
  readonly always?: string;
}

export interface MaintenanceWindow {
  /** When it begins. */
  readonly cron: string;
  readonly timezone: string;
  readonly durationMs: number;
  /** Absent: all. */
  readonly clusters?: readonly string[];
}

export interface ScheduleConfig {
  /** @default 15000 */
  readonly sweepMs: number;
  /** @default 60000 */
  readonly probeMs: number;
  readonly digest?: { readonly cron: string; readonly timezone: string };
}
