import { requestDiagnosis } from '../../approvals/incidents.ts';
import { type Command, type Reply, say } from './common/command.ts';
import { unknown } from './common/unknown.ts';

/** Starts a diagnosis of an open incident by its runbook and its subject. */
export const run: Command = {
  verb: 'run',
  usage: 'run <runbook> <subject>',
  summary: 'Diagnose an open incident. It only reads; a repair is proposed in the thread.',
  async run({ listener, caller, words }): Promise<Reply> {
    const { context } = listener.transitions;
    const [wanted, ...rest] = words;
    const subject = rest.join(' ');
    const ids = context.book.map(({ id }) => id);
    if (wanted === undefined) {
      return say(`Which runbook? Known runbooks: ${ids.join(', ')}.`);
    }
    if (!ids.includes(wanted)) {
      return unknown('runbook', wanted, ids);
    }
    const all = await Promise.all(
      [...context.clusters.keys()].map((name) => context.stores.incidents.open(name)),
    );
    const open = all.flat().filter(({ runbook }) => runbook === wanted);
    // `rabbit46` will do for `rabbit46@localhost`, as long as it can mean one thing only.
    const exact = open.filter(({ subject: one, id }) => one === subject || id === subject.toUpperCase());
    const matching =
      exact.length > 0 ? exact : open.filter((one) => one.subject.split('@').includes(subject));
    const only = matching.length === 0 && subject === '' ? open : matching;
    const incident = only.length === 1 || exact.length > 0 ? only[0] : undefined;
    if (incident === undefined) {
      const subjects = open.map((one) => one.subject);
      return say(
        subjects.length === 0
          ? `No incident of ${wanted} is open, so there is nothing to diagnose.`
          : `Incidents of ${wanted} are open for: ${subjects.slice(0, 10).join(', ')}. Which one?`,
      );
    }
    const found = await requestDiagnosis(listener.transitions, incident.id, caller);
    return found.kind === 'refused'
      ? say(found.answer.text)
      : say(
          `${found.run.id} ${found.isNew ? 'diagnoses' : 'is already diagnosing'} ${incident.id}; it only reads. The result appears in the incident’s thread.`,
        );
  },
};
