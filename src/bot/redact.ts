const SECRETS: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host, also without a user.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/]*@(?=[^\s@]*)/gi, '$1:…@'],
  [/\b(xox[a-z]|xapp)-[A-Za-z0-9-]+/g, '$1-…'],
  [/\b(authorization["']?\s*[:=]\s*["']?)(basic|bearer)?\s*[^\s"',;]+/gi, '$1…'],
  [/\b(password|passwd|secret|token)(["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi, '$1$2…'],
];

/** Takes passwords and tokens out of a text that leaves the process: logs, errors, messages. */
export const redact = (text: string): string =>
  SECRETS.reduce((current, [pattern, instead]) => current.replace(pattern, instead), text);
