import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fingerprintOf, readPin } from '../../../../src/runbooks/hosts/ssh/host-key.ts';
import type { SshSettings } from '../../../../src/runbooks/hosts/ssh/settings.ts';
import { readTrust } from '../../../../src/runbooks/hosts/ssh/trust.ts';
import { sshKeyPair } from '../../../support/ssh-keys.ts';

function newKey() {
  const line = sshKeyPair().public.split(' ', 2).join(' ');
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
  return { line, blob, fingerprint: fingerprintOf(blob) };
}
const [own, other] = [newKey(), newKey()];

const folder = mkdtempSync(join(tmpdir(), 'watership-trust-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'known_hosts');

const settings: SshSettings = {
  address: '10.3.0.44',
  port: 22,
  user: 'ops',
  trust: { kind: 'known-hosts', path },
  connectTimeoutMs: 1_000,
};

/** What is said to a host that shows its own key, with this text in the file. */
async function toldWith(text: string, more: Partial<SshSettings> = {}) {
  writeFileSync(path, text);
  return (await readTrust('ctl1', { ...settings, ...more })).refusalOf(own.blob);
}

describe('the key of a host', () => {
  test('that is pinned is accepted, beside others too', async () => {
    expect(await toldWith(`10.3.0.44 ${own.line}`)).toBeUndefined();
    expect(await toldWith(`10.3.0.44 ${other.line}\n10.3.0.44 ${own.line}`)).toBeUndefined();
  });

  test('that nobody pinned is refused, with what to type', async () => {
    expect(await toldWith('')).toBe(
      `no key of ctl1 is pinned, so nothing was sent. The host shows ssh-ed25519 ${own.fingerprint}. ` +
        'Compare that with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host itself, and only if it is ' +
        `the same, add the line of \`ssh-keyscan -t ed25519 10.3.0.44\` to ${path}`,
    );
    expect(await toldWith('', { port: 2222, jump: 'bastion' })).toContain(
      '`ssh-keyscan -t ed25519 -p 2222 10.3.0.44` (run it on bastion)',
    );
  });

  test('that nobody pinned is refused too when there is no file', async () => {
    const trust = await readTrust('ctl1', {
      ...settings,
      trust: { kind: 'known-hosts', path: join(folder, 'none') },
    });
    expect(trust.refusalOf(own.blob)).toContain('no key of ctl1 is pinned');
  });

  test('that is another than the pinned one is refused with both fingerprints', async () => {
    const told = await toldWith(`10.3.0.44 ${other.line}`);
    expect(told).toContain('THE KEY OF ctl1 IS NOT THE PINNED ONE');
    expect(told).toContain(own.fingerprint);
    expect(told).toContain(other.fingerprint);
  });

  test('that is revoked is refused, also where it is pinned', async () => {
    expect(await toldWith(`10.3.0.44 ${own.line}\n@revoked * ${own.line}`)).toContain(
      'THE KEY OF ctl1 IS REVOKED',
    );
    expect(await toldWith(`10.3.0.44 ${own.line}\n@revoked * ${other.line}`)).toBeUndefined();
  });

  test('that only an authority vouches for is refused, and why is said', async () => {
    expect(await toldWith(`@cert-authority *,10.3.0.* ${other.line}`)).toMatch(
      /^line 1 of .* trusts a certificate authority for ctl1, which is not supported; pin the host's own key/,
    );
  });

  test('is refused while a marked line cannot be read, or the file cannot', async () => {
    expect(await toldWith(`10.3.0.44 ${own.line}\n@revoked broken`)).toContain('line 2 of');
    const trust = await readTrust('ctl1', { ...settings, trust: { kind: 'known-hosts', path: folder } });
    expect(trust.refusalOf(own.blob)).toContain('cannot be read (EISDIR)');
  });

  test('may be pinned by its fingerprint alone', async () => {
    const pinned = async (fingerprint: string) => {
      const pin = readPin(fingerprint);
      if (pin === undefined) {
        throw new Error('no pin');
      }
      return (await readTrust('ctl1', { ...settings, trust: { kind: 'pin', pin } })).refusalOf(own.blob);
    };
    expect(await pinned(own.fingerprint)).toBeUndefined();
    expect(await pinned(other.fingerprint)).toContain(`hosts.ctl1.hostKey has ${other.fingerprint}`);
  });
});
