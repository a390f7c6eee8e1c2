import { runbooksPage } from '../../src/bot/cli/runbooks-page.ts';
import { book } from '../../src/runbooks/index.ts';
import { actionsPage } from './actions-page.ts';
import { auditEventsPage } from './audit-events-page.ts';
import { commandsPage } from './commands-page.ts';
import { configurationPage } from './configuration-page.ts';
import { metricsPage } from './metrics-page.ts';

/** Generated pages by the name of their file in `docs`. `npm run docs` writes them, a test compares them. */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'runbooks.md': () => runbooksPage(book),
  'actions.md': actionsPage,
  'audit-events.md': auditEventsPage,
  'commands.md': commandsPage,
  'configuration.md': configurationPage,
  'metrics.md': metricsPage,
};
