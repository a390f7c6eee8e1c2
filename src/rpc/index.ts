export type * from './management/api.ts';
export { ManagementError, type ManagementFailure } from './management/errors.ts';
export { openMetrics } from './management/metrics.ts';
export { type ManagementEndpoint, openManagement } from './management/open-management.ts';
