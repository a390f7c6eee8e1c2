import { describe, expect, test } from 'vitest';
import { whyProtected } from '../../../src/runbooks/snapshot/protected.ts';

const hex = '0f'.repeat(16);
const why = (
  name: string,
  protect = { queues: ['^billing_', '_ledger_'], vhosts: ['/payments'] },
  vhost = '/',
) => whyProtected({ vhost, name }, { protect });

describe('what is never deleted', () => {
  test.each([
    ['amq.gen-x', 'amq.*'],
    ['conductor', 'the queue of a service'],
    ['scheduler.host-1', 'the queue of a service'],
    ['cinder-scheduler_fanout', 'the queue of a service'],
    ['notifications.info', 'notifications'],
    ['versioned_notifications.error', 'notifications'],
    [`federation: x -> ${hex}`, 'federation'],
    [`billing_fanout_${hex}`, 'its name matches the protected pattern ^billing_'],
    [`the_ledger_fanout_${hex}`, 'its name matches the protected pattern _ledger_'],
  ])('%s', (name, because) => {
    expect(why(name)).toContain(because);
  });

  test('anything in a vhost that the operator has flagged', () => {
    expect(why(`reply_${hex}`, undefined, '/payments')).toContain('/payments');
  });

  test('a configuration can only add to it', () => {
    expect(why('conductor', { queues: [], vhosts: [] })).toBeDefined();
    expect(whyProtected({ vhost: '/', name: 'amq.x' }, {})).toBeDefined();
  });

  test.each([`reply_${hex}`, `scheduler_fanout_${hex}`, 'reply_host:nova:4'])('but not %s', (name) => {
    expect(why(name)).toBeUndefined();
  });
});
