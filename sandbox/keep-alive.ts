import type { Child, ChildSpec, Supervisor } from './supervisor.ts';

/** A program that is started again whenever it ends, as systemd would. */
export interface KeptAlive {
  readonly name: string;
  current(): Child;
  /** Ends it and starts it again at once. */
  restart(signal: NodeJS.Signals): Promise<Child>;
}

/** Starts a program and keeps it alive; `started` is called with each new process. */
export function keepAlive(
  supervisor: Supervisor,
  spec: ChildSpec,
  options: { readonly restartAfterMs: number; readonly started?: (child: Child) => void },
): KeptAlive {
  let child = launch();
  let restarting: Promise<Child> | undefined;

  function launch(): Child {
    const next = supervisor.start(spec);
    options.started?.(next);
    void next.ended.then(() => {
      setTimeout(() => {
        if (child !== next || restarting !== undefined) {
          return;
        }
        try {
          child = launch();
        } catch {
          // The sandbox is ending.
        }
      }, options.restartAfterMs).unref();
    });
    return next;
  }

  return {
    name: spec.name,
    current: () => child,
    restart: (signal) => {
      restarting ??= (async () => {
        await child.stop(signal, 5_000);
        child = launch();
        return child;
      })().finally(() => {
        restarting = undefined;
      });
      return restarting;
    },
  };
}
