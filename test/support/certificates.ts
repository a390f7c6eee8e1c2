import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate and its key, as files and as text. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that anybody can make. */
export interface Authority extends Certificate {
  /** Signs a certificate; `names` are such as `DNS:localhost`. */
  sign(
    commonName: string,
    options?: { readonly names?: readonly string[]; readonly days?: number },
  ): Promise<Certificate>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes one with the program `openssl`, in a folder that goes with the tests. */
export async function makeAuthority(commonName: string): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-ca-'));
  const authority = filesOf(folder, 'ca');
  const { certificateFile, keyFile } = authority;
  await openssl(
    ...['req', '-x509', ...newKey, '-subj', `/CN=${commonName}`, '-days', '100'],
    ...['-keyout', keyFile, '-out', certificateFile],
  );
  let serial = 0;
  return {
    ...read(authority),
    async sign(name, { names = [], days = 90 } = {}) {
      serial += 1;
      const files = filesOf(folder, String(serial));
      const request = join(folder, `${serial}.csr`);
      const extensions = join(folder, `${serial}.ext`);
      writeFileSync(
        extensions,
        names.length === 0 ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${names.join(',')}\n`,
      );
      await openssl(
        'req',
        '-new',
        ...newKey,
        '-subj',
        `/CN=${name}`,
        '-keyout',
        files.keyFile,
        '-out',
        request,
      );
      await openssl(
        ...['x509', '-req', '-in', request, '-CA', certificateFile, '-CAkey', keyFile],
        ...['-set_serial', String(serial), '-days', String(days), '-extfile', extensions],
        ...['-out', files.certificateFile],
      );
      return read(files);
    },
  };
}

const filesOf = (folder: string, name: string) => ({
  certificateFile: join(folder, `${name}.pem`),
  keyFile: join(folder, `${name}.key`),
});

const read = (files: ReturnType<typeof filesOf>): Certificate => ({
  ...files,
  certificate: readFileSync(files.certificateFile, 'utf8'),
  key: readFileSync(files.keyFile, 'utf8'),
});

const openssl = async (...argv: readonly string[]): Promise<void> => {
  await promisify(execFile)('openssl', argv);
};
