/** What the process was started with. The only place that reads `process.env`. */
export interface Environment {
  /** Value of a variable, or undefined. */
  read(name: string): string | undefined;
}

export const processEnvironment: Environment = { read: (name) => process.env[name] };
