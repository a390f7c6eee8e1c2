import type { Fault } from './fault.ts';
import { cutOff, joinUp } from './link.ts';
import { nodeToCutOff } from './split.ts';

/** How long the link stays down. Long enough for both sides to notice and to go on alone. */
const LINK_DOWN_MS = 5_000;

/** The link to rabbit45 fails for some seconds. It comes back; the split brain stays. */
export const partition: Fault = {
  name: 'partition',
  title: 'the link to rabbit45 fails for 5 seconds; when it is back the cluster stays split',
  async make({ cluster, later }) {
    const victim = nodeToCutOff(cluster);
    await cutOff(cluster, victim);
    later(LINK_DOWN_MS, () => joinUp(cluster, victim));
    return (
      `${victim.setup.name} and the other nodes no longer see each other. ` +
      `The link comes back in ${LINK_DOWN_MS / 1000} seconds; the split brain stays.`
    );
  },
  // What it leaves is what `split` leaves, and is undone there.
  heal: async () => undefined,
};
