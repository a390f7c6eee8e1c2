export type * from './management/api.ts';
