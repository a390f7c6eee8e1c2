import { expect, test } from 'vitest';
import { PythonException } from '../../../src/rpc/errors.ts';
import { isVersionCompatible } from '../../../src/rpc/wire/version.ts';
import cases from '../fixtures/url-and-version-cases.json' with { type: 'json' };

test.each(cases.version_is_compatible)(
  '$requested asked of $implemented is judged as upstream does',
  (each) => {
    const judge = () => isVersionCompatible(each.implemented, each.requested);
    if (each.error === undefined) {
      expect(judge()).toBe(each.compatible);
      return;
    }
    let thrown: unknown;
    try {
      judge();
    } catch (reason) {
      thrown = reason;
    }
    expect(thrown).toBeInstanceOf(PythonException);
    expect(thrown).toMatchObject({ pythonClass: each.error });
  },
);
