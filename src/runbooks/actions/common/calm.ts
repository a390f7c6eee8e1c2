import type { Verdict } from '../../verdict.ts';
import { askEveryNode, enoughAnswers, READ_MS } from './ask-nodes.ts';
import type { ClusterPorts } from './ports.ts';

/** Is the cluster whole and without alarms, in the view of every node that answers? Asked before each deletion. */
export async function isCalmOnEveryNode(ports: ClusterPorts): Promise<Verdict> {
  const answers = await askEveryNode(ports, (api) => api.nodes({ timeoutMs: READ_MS }));
  const answered = answers.filter((answer) => answer.kind === 'answered');
  if (answered.length < enoughAnswers(ports)) {
    return { go: false, because: 'too few nodes reported the state of the cluster' };
  }
  for (const { api, value } of answered) {
    const own = value.find(({ name }) => name === api.node);
    // A node always tells of itself: a row that is missing or half empty says that it is not well.
    if (own === undefined || own.partitions === undefined || own.hasMemoryAlarm === undefined) {
      return { go: false, because: `${api.node} does not report its own state` };
    }
    const apart = value.find(({ partitions = [] }) => partitions.length > 0);
    if (apart !== undefined) {
      return { go: false, because: `${api.node} lists a partition of ${apart.name}` };
    }
    const alarmed = value.find(
      ({ hasMemoryAlarm: memAlarm, hasDiskAlarm: diskFreeAlarm }) =>
        memAlarm === true || diskFreeAlarm === true,
    );
    if (alarmed !== undefined) {
      return {
        go: false,
        because: `${alarmed.name} has a ${alarmed.hasMemoryAlarm === true ? 'memory' : 'disk'} alarm`,
      };
    }
  }
  return { go: true };
}
