/** oslo remembers so many messages of each listener. */
const remembered = 16;
/** More than a server can have taken and not acknowledged when its connection goes. */
const rememberedForRedelivery = 1_024;

/** The unique ids of the last messages, to notice one that the broker delivered twice. */
export class RecentIds {
  /** How many ids had come when each of the last ones came. */
  readonly #placeOf = new Map<string, number>();
  /** The last ids, each in the slot of the one that it made forgotten. */
  readonly #slots: string[] = [];
  #count = 0;

  /** Whether an id is one of the last sixteen. */
  has(id: string | undefined): boolean {
    return id !== undefined && this.#isAmongLast(remembered, id);
  }

  /**
   * True the first time an id comes; false for one of the last sixteen. No id is always new. One that the broker
   * says it has delivered before is looked for further back: its acknowledgement may have gone down with a connection.
   */
  isNew(id: string | undefined, isRedelivered = false): boolean {
    if (id === undefined) {
      return true;
    }
    if (this.#isAmongLast(isRedelivered ? rememberedForRedelivery : remembered, id)) {
      return false;
    }
    this.#remember(id);
    return true;
  }

  #isAmongLast(most: number, id: string): boolean {
    const place = this.#placeOf.get(id);
    return place !== undefined && this.#count - place <= most;
  }

  #remember(id: string): void {
    const slot = this.#count % rememberedForRedelivery;
    const oldest = this.#slots[slot];
    // It may have come once more since then, long after.
    if (oldest !== undefined && !this.#isAmongLast(rememberedForRedelivery - 1, oldest)) {
      this.#placeOf.delete(oldest);
    }
    this.#slots[slot] = id;
    this.#placeOf.set(id, this.#count);
    this.#count += 1;
  }
}
