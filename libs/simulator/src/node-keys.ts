import { equalBytes, placeIn, type Committee, type MemberIndex } from '@concordat/protocol';
import { nodeName } from './epoch-history';
import type { SimulatedKey } from './key-scheme';

/** The keys of one node: the one that it began with, and those that it took since. They outlive its process and its disk. */
export class NodeKeys {
  private readonly keys: SimulatedKey[];

  constructor(
    private readonly number: number,
    first: SimulatedKey,
    private readonly draw: () => SimulatedKey,
  ) {
    this.keys = [first];
  }

  /** The key that it began with. */
  get first(): SimulatedKey {
    return this.keys[0] as SimulatedKey;
  }

  /** The key that it took last. */
  get newest(): SimulatedKey {
    return this.keys.at(-1) as SimulatedKey;
  }

  /** Takes another key. */
  take(): SimulatedKey {
    const key = this.draw();
    this.keys.push(key);
    return key;
  }

  /** The key that a table names for this node; undefined when it has none of that name. */
  in(committee: Committee): SimulatedKey | undefined {
    const place = this.placeIn(committee);
    const named = committee.member(place)?.publicKey;
    return named === undefined ? undefined : this.find(named);
  }

  /** This node's place in an epoch; OBSERVER for none. */
  placeIn(committee: Committee): MemberIndex {
    return placeIn(committee, nodeName(this.number), (publicKey) => this.find(publicKey) !== undefined);
  }

  private find(publicKey: Uint8Array): SimulatedKey | undefined {
    return this.keys.find((key) => equalBytes(key.publicKey, publicKey));
  }
}
