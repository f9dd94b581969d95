/** A member's part of a key. Text and JSON of it hold no secret; nor does what a debugger or console prints. */
export class KeyShare {
  readonly #secret: bigint;

  constructor(
    /** 1..n. */
    readonly index: number,
    secret: bigint,
  ) {
    this.#secret = secret;
  }

  /** The scalar itself, for computing with it. */
  reveal(): bigint {
    return this.#secret;
  }

  toString(): string {
    return `share ${String(this.index)} (secret)`;
  }

  toJSON(): { readonly index: number } {
    return { index: this.index };
  }
}
