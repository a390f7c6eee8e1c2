import { dirname, join } from 'node:path';
import { z } from 'zod';
import { openSupervisor } from '../../../sandbox/supervisor.ts';
import { openSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { openSlackPage, type SlackPage } from '../../support/slack-page.ts';
import { type Broker, openBroker } from './broker.ts';
import { type Replica, startReplicas } from './replicas.ts';
import { openState, type State } from './state.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Everything that is broken and looked at: a sandbox, three bots of ours on it, and ways to see it from outside. */
export interface House extends AsyncDisposable {
  readonly sandbox: TestSandbox;
  readonly page: SlackPage;
  readonly broker: Broker;
  readonly state: State;
  readonly replicas: readonly Replica[];
  /** Tells the sandbox's control port; throws when it could not be done. */
  order(verb: 'break' | 'heal', fault: string): Promise<string>;
}

const REPLICAS = 3;
const said = z.object({ ok: z.boolean(), text: z.string() });

/** Starts it. Throws once the signal comes, when all that was started has ended. */
export async function openHouse(signal: AbortSignal): Promise<House> {
  const sandbox = await openSandbox({ withoutBot: true, signal });
  const supervisor = openSupervisor(join(dirname(sandbox.report().config), 'bots.json'));
  try {
    const replicas = await unlessAborted(signal, startReplicas(sandbox.report(), supervisor, REPLICAS));
    const page = await openSlackPage(sandbox.report());
    const state = openState(sandbox);
    return {
      sandbox,
      page,
      state,
      replicas,
      broker: openBroker(() => sandbox.report()),
      async order(verb, fault) {
        const answer = await fetch(`${sandbox.report().controlUrl}/${verb}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ fault }),
        });
        const { ok, text } = said.parse(await answer.json());
        if (!ok) {
          throw new Error(`${verb} ${fault}: ${text}`);
        }
        return text;
      },
      async [Symbol.asyncDispose]() {
        page.close();
        state.close();
        await supervisor.stopAll();
        for (const { slack, management } of replicas) {
          await Promise.all([slack, ...management].map((door) => door.close()));
        }
        await sandbox[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await supervisor.stopAll();
    await sandbox[Symbol.asyncDispose]();
    throw error;
  }
}
