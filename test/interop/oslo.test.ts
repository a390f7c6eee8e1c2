import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { getTransport, type Transport } from '../../src/rpc/index.ts';
import { combinationsOf } from './combinations.ts';
import { optionSets, optionSetsOf } from './option-sets.ts';
import { type OsloPeer, startOsloPeer } from './oslo-peer.ts';
import { interopPage, type Seen } from './page.ts';
import { parts, playedWith } from './parts.ts';

const missing = inject('missing');
const combinations = combinationsOf(inject('pythons'), inject('brokers'));
const seen: Seen[] = [];
let topics = 0;

const named = <Named extends { readonly name: string }>(values: readonly Named[]) =>
  values.map((value): [string, Named] => [value.name, value]);

// Side by side: they mostly wait, and nothing of one is seen by another.
describe.concurrent.each(named(combinations))('%s', (combination, { python, broker }) => {
  describe.sequential.each(named(optionSetsOf(python.version)))('%s', (_name, options) => {
    let transport: Transport;
    let peer: OsloPeer;

    beforeAll(() => {
      topics += 1;
      const exchange = `exchange-${topics}`;
      transport = getTransport(broker.amqpUrl, { ...options.ours, controlExchange: exchange });
      peer = startOsloPeer(python, broker.amqpUrl, exchange, options.theirs);
    });
    afterAll(async () => {
      await transport.cleanup();
      await peer.close();
    });

    describe.each(named(parts))('%s', (part, whole) => {
      test.each(named(playedWith(options, whole)))('%s', async (scenario, { play }) => {
        topics += 1;
        await play({ transport, peer, topic: `topic-${topics}`, version: python.version });
        seen.push({ combination, options: options.name, part, scenario });
      });
    });
  });
});

test('docs/interop.md says what was seen', async () => {
  // With half of the combinations, half of the page could be written.
  expect(missing).toBeUndefined();
  await expect(interopPage(combinations, parts, optionSets, seen)).toMatchFileSnapshot(
    '../../docs/interop.md',
  );
});
