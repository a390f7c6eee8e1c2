export type * from './action.ts';
export { bindActions, InvalidCall } from './actions/bind-actions.ts';
export type * from './actions/bound.ts';
export type * from './actions/common/ports.ts';
export { book, runbookOf } from './book/index.ts';
export { canonicalJson, hashOf } from './canonical.ts';
export type { Clock } from './clock.ts';
export * from './cluster-summary.ts';
export type * from './collect/collect-node.ts';
export { lookAt } from './collect/look.ts';
export { collectSnapshot } from './collect/snapshot.ts';
export { type Detected, detect } from './detect.ts';
export { ledgerEntryOf } from './engine/acting/ledger-entry.ts';
export { advance } from './engine/advance.ts';
export {
  effectsOf as deedsOf,
  leftBehind,
  leftStopped,
  nodeNameIn,
  whatItDid,
} from './engine/common/effects.ts';
export { isActive } from './engine/common/ending.ts';
export type * from './engine/common/input.ts';
export type * from './engine/common/tools.ts';
export { nextOrder } from './engine/order.ts';
export { type ProgressLine, progressLines } from './engine/read.ts';
export { startRun } from './engine/start.ts';
export type { AllowList } from './hosts/agent/allow-list.ts';
export type { AgentPort, Carried } from './hosts/agent/ask-agent.ts';
export { type Journal, openJournal } from './hosts/agent/journal.ts';
export { type Agent, openAgent, type Told } from './hosts/agent/open-agent.ts';
export { type AgentMethod, agentAddress, agentMethods, FRESH_MS } from './hosts/agent/protocol.ts';
export { isArgument } from './hosts/common/arguments.ts';
export type * from './hosts/common/host.ts';
export { type AgentFacts, agentFactsSchema } from './hosts/common/host-facts.ts';
export {
  describePreset,
  type OperationTemplates,
  type PresetName,
  presetNames,
  presets,
} from './hosts/common/presets.ts';
export { programsOf } from './hosts/common/sudo.ts';
export { type HostSettings, templatesOf } from './hosts/host-settings.ts';
export { type OpenHosts, openHosts } from './hosts/open-hosts.ts';
export { readPin } from './hosts/ssh/host-key.ts';
export { privateKeyProblem } from './hosts/ssh/private-key.ts';
export type * from './incident.ts';
export * from './limits.ts';
export * from './look.ts';
export { type Reconciled, type ReconcileInput, reconcile, restartedBy } from './reconcile.ts';
export * from './run.ts';
export * from './runbook.ts';
export * from './snapshot/history.ts';
export * from './snapshot/next-probes.ts';
export * from './snapshot/observation.ts';
export { entryOfQueue } from './snapshot/owners.ts';
export * from './snapshot/probe-history.ts';
export { remember } from './snapshot/remember.ts';
export { isRpcQueue, type RpcName, rpcNameOf } from './snapshot/rpc-queues.ts';
export { sidesOf } from './snapshot/sides.ts';
export type * from './snapshot/snapshot.ts';
export type { Verdict } from './verdict.ts';
export * from './wording/moments.ts';
export * from './wording/words.ts';
export { count, counted } from './wording/words.ts';
export { atItsWorst } from './worst.ts';
