/** oslo remembers so many messages of each listener. */
const remembered = 16;
/** More than a server can have taken and not acknowledged when its connection goes. */
const rememberedForRedelivery = 1_024;

/** The unique ids of the last messages, to notice one that the broker delivered twice. */
export class RecentIds {
  /** In the order they came; a set's first is its oldest. */
  readonly #ids = new Set<string>();
  readonly #older = new Set<string>();

  /** Whether an id is one of the last sixteen. */
  has(id: string | undefined): boolean {
    return id !== undefined && this.#ids.has(id);
  }

  /**
   * True the first time an id comes; false for one of the last sixteen. No id is always new. One that the broker
   * says it has delivered before is looked for further back: its acknowledgement may have gone down with a connection.
   */
  isNew(id: string | undefined, isRedelivered = false): boolean {
    if (id === undefined) return true;
    if (this.#ids.has(id) || (isRedelivered && this.#older.has(id))) return false;
    remember(this.#ids, id, remembered);
    remember(this.#older, id, rememberedForRedelivery);
    return true;
  }
}

function remember(ids: Set<string>, id: string, most: number): void {
  // Moved to the end if it is there: it may have come once more, long after.
  ids.delete(id);
  ids.add(id);
  if (ids.size <= most) return;
  const [oldest] = ids;
  if (oldest !== undefined) ids.delete(oldest);
}
