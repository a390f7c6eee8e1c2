// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the placeholders of the configuration file
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { definite, tlsProblem } from '../../../rpc/index.ts';
import { oneOfField, textField } from './fields.ts';

/*
 * `tls` of a cluster, for its addresses with https: and amqps:, and of Redis. Files are read once, when the configuration is.
 */

/** Certificates: the path of their file, because they are no secret; or their text, from `${…}`. */
const certificates = (expected: string) =>
  textField(expected).transform((value, context) => {
    if (value.includes('-----BEGIN ')) {
      return value;
    }
    try {
      if (!value.startsWith('/')) {
        throw new Error('no full path');
      }
      return readFileSync(value, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'no full path';
      context.issues.push({
        code: 'custom',
        message: `${expected}, which can be read (${code})`,
        input: value,
      });
      return z.NEVER;
    }
  });

const expected = {
  ca: 'the full path of a file with the certificates of the authorities',
  certificate: 'the full path of a file with the client certificate',
  key: 'the text of the private key, such as ${file:/etc/watership/client.key}',
} as const;

const trust = {
  ca: certificates(expected.ca).optional(),
  certificate: certificates(expected.certificate).optional(),
  key: textField(expected.key).optional(),
  serverName: textField('the name in the certificates of all nodes').optional(),
};

/** How a cluster's addresses with TLS are trusted, and what the bot shows there. */
export const clusterTls = z
  .strictObject({ ...trust, login: oneOfField(['password', 'certificate']).default('password') })
  .check(({ value, issues }) => {
    const isTold = tellUnusable(value, issues);
    if (!isTold && value.login === 'certificate' && value.certificate === undefined) {
      tell(issues, 'certificate', `${expected.certificate}, because login is certificate`);
    }
  });

/** How Redis and its sentinels are trusted, and what the bot shows them. */
export const redisTls = z
  .strictObject(trust, {
    error: 'a mapping with ca, certificate, key and serverName as far as needed, or {}',
  })
  .check(({ value, issues }) => {
    tellUnusable(value, issues);
  });

/** Tells what no handshake could use, and whether there was anything. */
function tellUnusable({ ca, certificate, key }: Texts, issues: Issues): boolean {
  const wrong = tlsProblem(definite({ ca, certificate, key }));
  if (wrong !== undefined) {
    tell(issues, wrong.field, `${expected[wrong.field]}; this one ${wrong.problem}`);
  }
  return wrong !== undefined;
}

const tell = (issues: Issues, at: string, message: string) =>
  issues.push({ code: 'custom', path: [at], message, input: undefined });

type Texts = Readonly<Partial<Record<'ca' | 'certificate' | 'key', string | undefined>>>;
type Issues = z.core.$ZodRawIssue[];
