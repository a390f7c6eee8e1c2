/** oslo remembers so many messages of each listener. */
const remembered = 16;

/** The unique ids of the last messages, to notice one that the broker delivered twice. */
export class RecentIds {
  #ids: string[] = [];

  /** Whether an id is one of the last sixteen. */
  has(id: string | undefined): boolean {
    return id !== undefined && this.#ids.includes(id);
  }

  /** True the first time an id comes; false for one of the last sixteen. No id is always new. */
  isNew(id: string | undefined): boolean {
    if (id === undefined) return true;
    if (this.#ids.includes(id)) return false;
    this.#ids.push(id);
    if (this.#ids.length > remembered) this.#ids.shift();
    return true;
  }
}
