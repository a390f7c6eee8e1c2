import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pages } from './pages.ts';

/** `npm run docs`: writes every generated page. */
const docs = resolve(import.meta.dirname, '../../docs');
for (const [name, page] of Object.entries(pages)) {
  writeFileSync(resolve(docs, name), await page());
  process.stdout.write(`docs/${name}\n`);
}
