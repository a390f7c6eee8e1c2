import { type OperationTemplates, type PresetName, presets } from './common/presets.ts';
import { asRoot } from './common/sudo.ts';
import type { SshSettings } from './ssh/settings.ts';

interface CommonSettings {
  readonly preset: PresetName;
  /** Argv templates that replace or complete the preset's, by operation. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
  /** Addresses by which the host's connections are recognised. */
  readonly addresses: readonly string[];
}

/** A host that the bot commands itself. */
interface CommandedSettings extends CommonSettings {
  /** The preset's commands run as root; those under `operations` are taken as they stand. @default false */
  readonly sudo?: boolean;
  /** Where the pods are, for the preset `kubernetes`. @default "openstack" */
  readonly namespace?: string;
}

/** One entry under `hosts` of the configuration: on this machine, over SSH, or by the agent on the host. */
export type HostSettings =
  | (CommandedSettings & { readonly via: 'local' })
  | (CommandedSettings & { readonly via: 'ssh'; readonly ssh: SshSettings })
  | (CommonSettings & {
      readonly via: 'agent';
      /** What is shared with the host's agent; the first key signs. */
      readonly keys?: readonly string[];
    });

/** The commands of a host by operation, as they are before anything is filled in. */
export const templatesOf = (host: HostSettings): OperationTemplates => ({
  ...(host.via !== 'agent' && host.sudo ? asRoot(presets[host.preset]) : presets[host.preset]),
  ...host.operations,
});
