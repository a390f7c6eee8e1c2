import { reasonOf, stringifyJson, type TappedMessage } from '../../../rpc/index.ts';
import { missingByAnswer, missingExchange } from '../../cluster/missing-exchange.ts';
import { tappedOf } from '../../cluster/tapped.ts';
import type { ClusterHandle } from '../../context.ts';
import { redactStart } from '../../process/redact.ts';
import { counted, span } from '../../wording/words.ts';
import { context as contextBlock, header, linesSection, notification, small } from '../message/blocks.ts';
import { type Command, type Reply, say } from './common/command.ts';
import { unknown } from './common/unknown.ts';

const MAX_MESSAGES = 10;
const MAX_SECONDS = 15;
/** Characters shown of one message, so that all of them fit. */
const SHOWN = 240;

/** Listens in for some seconds. It shows what services say to each other, so approvers only, and to nobody but them. */
export const tapVerb: Command = {
  verb: 'tap',
  usage: 'tap <exchange> <routing key> [cluster]',
  summary: `Show up to ${MAX_MESSAGES} messages that pass through an exchange, secrets masked. Approvers only.`,
  takes: 3,
  async run({ listener, caller, words, meanwhile }): Promise<Reply> {
    const { context } = listener.transitions;
    const [exchange, routingKey, wanted] = words;
    if (exchange === undefined || routingKey === undefined) {
      return say('Which exchange, and which routing key? For example /rabbit tap openstack notifications.#');
    }
    const names = [...context.clusters.keys()].filter((name) => wanted === undefined || name === wanted);
    const [name, another] = names;
    const handle = name === undefined ? undefined : context.clusters.get(name);
    if (name === undefined || handle === undefined || another !== undefined) {
      const known = [...context.clusters.keys()];
      return another === undefined
        ? unknown('cluster', wanted ?? '', known)
        : say(`Which cluster? Add one of: ${known.join(', ')}.`);
    }
    const decision = await listener.transitions.allow({ kind: 'tap' }, caller, { cluster: name });
    if (!decision.allowed) {
      return say(decision.because);
    }
    const missing = await missingExchange(handle.ports.management, handle.config.vhost, exchange);
    if (missing !== undefined) {
      return say(missing);
    }
    await context.stores.audit.append({
      atMs: context.clock.now(),
      actor: caller.user,
      event: 'tap',
      cluster: name,
      text: `Listened in on exchange ${exchange} with key ${routingKey}.`,
    });
    await meanwhile?.(
      `Listening for ${span(MAX_SECONDS * 1_000)}, or until ${MAX_MESSAGES} messages have passed.`,
    );
    return heard(exchange, routingKey, await listen(handle, exchange, routingKey));
  },
};

type Heard =
  | { readonly kind: 'heard'; readonly messages: readonly TappedMessage[] }
  | { readonly kind: 'failed'; readonly because: string };

async function listen(handle: ClusterHandle, exchange: string, routingKey: string): Promise<Heard> {
  const messages: TappedMessage[] = [];
  try {
    const tapped = handle.listen({
      exchange,
      routingKey,
      maxMessages: MAX_MESSAGES,
      maxSeconds: MAX_SECONDS,
    });
    for await (const message of tapped) {
      messages.push(message);
    }
    return { kind: 'heard', messages };
  } catch (error) {
    const said = reasonOf(error);
    return { kind: 'failed', because: missingByAnswer(said) ?? said };
  }
}

function heard(exchange: string, routingKey: string, result: Heard): Reply {
  if (result.kind === 'failed') {
    return say(result.because);
  }
  const { messages } = result;
  const verdict =
    messages.length === 0
      ? `No message passed ${exchange} with key ${routingKey} in ${span(MAX_SECONDS * 1_000)}`
      : `${counted(messages.length, 'message')} passed ${exchange} with key ${routingKey}`;
  return {
    text: notification(`${verdict}.`),
    blocks: [
      header(verdict),
      ...(messages.length === 0 ? [] : [linesSection(undefined, messages.map(lineOf))]),
      contextBlock([
        small('Tokens and passwords are masked. No queue lost a message, and nothing is left on the broker.'),
      ]),
    ],
    // Payloads are for the one who asked.
    isPrivate: true,
  };
}

function lineOf(message: TappedMessage): string {
  const said = tappedOf(message);
  const { routingKey, bytes } = message;
  const text = (value: unknown): string => redactStart(stringifyJson(value), SHOWN);
  switch (said.kind) {
    case 'notification':
      return `${routingKey}: ${said.eventType} ${text(said.payload)}`;
    case 'request':
      return `${routingKey}: ${said.method} ${text(said.args)}`;
    case 'other':
      return `${routingKey}: ${text(said.message)}`;
    case 'unreadable':
      return `${routingKey}: ${bytes} bytes that cannot be read: ${said.because}`;
  }
}
