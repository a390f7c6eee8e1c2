/** Takes the arguments after its name, and gives the exit code: 0 when the aims hold. */
export type Bench = (args: readonly string[]) => Promise<number>;
