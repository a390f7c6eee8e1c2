const masked = '***';
const secretKey = /token|passw|secret|credential|service_catalog|private_?key|admin_?pass|user_data/i;

/** Copy in which the values of keys that name secrets are masked, however deep. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((each) => withoutSecrets(each));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, each]) => [key, isSecret(key, each) ? masked : withoutSecrets(each)]),
  );
}

function isSecret(key: string, value: unknown): boolean {
  return secretKey.test(key) && value !== null && value !== undefined && value !== '';
}
