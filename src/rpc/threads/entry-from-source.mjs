import { register } from 'tsx/esm/api';

// Only when run from source, as in tests: a thread has none of the loaders that were registered in the main thread.
register();
await import('./entry.ts');
