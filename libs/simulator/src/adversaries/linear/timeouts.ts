import {
  justifiedBy,
  seal,
  timeoutDigest,
  type MemberIndex,
  type QuorumCertificate,
  type Sequence,
  type Signed,
  type Timeout,
  type TimeoutCertificate,
  type Verified,
  type View,
  type ViewProof,
} from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../../adversary';
import { packetOf } from '../../packet';
import { Overheard } from './overheard';

/** Gives each view up twice: to one half with one certificate, to the other with another; and gives views up that just began. */
export class DoubleTimeouts implements Adversary {
  private readonly overheard: Overheard;
  private readonly deceived: ReadonlySet<MemberIndex>;
  private second: Signed | undefined;

  constructor(private readonly tools: AdversaryTools) {
    this.overheard = new Overheard(tools);
    const others = tools.random.shuffled(othersOf(tools));
    this.deceived = new Set(others.slice(0, Math.ceil(others.length / 2)));
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.kind !== 'timeout' || message.sender !== this.tools.self) return [message];
    if (this.second?.view !== message.view) this.second = this.another(message);
    if (this.second === undefined || !this.deceived.has(to)) return [message];
    return this.tools.random.chance(0.5) ? [this.second] : [this.second, message];
  }

  observe(message: Verified): void {
    this.overheard.note(message);
  }

  act(): void {
    const { tools, overheard } = this;
    const justify = overheard.certificates.at(-1);
    if (justify === undefined || !tools.random.chance(0.2)) return;
    const packet = packetOf(giveUp(tools, (justify.view + 1) as View, { justify, timeouts: undefined }));
    for (const to of othersOf(tools)) tools.transmit(to, packet);
  }

  /** With an older or a newer certificate, as far as others would take it. */
  private another({ view, justify, timeouts }: Signed<Timeout>): Signed | undefined {
    const oldest = this.overheard.oldestEnd((view - 1) as View);
    if (oldest !== undefined && oldest.justify?.digest !== justify?.digest) return giveUp(this.tools, view, oldest);
    if (timeouts === undefined) return undefined;
    const least = Math.max(0, ...timeouts.timeouts.map(({ highest }) => highest.view));
    const others = this.overheard.certificates.filter(
      (other) => other.view >= least && other.view < view - 1 && other.digest !== justify?.digest,
    );
    const root: readonly undefined[] = least === 0 && justify !== undefined ? [undefined] : [];
    const choice: readonly (QuorumCertificate | undefined)[] = [...others, ...root];
    return choice.length === 0
      ? undefined
      : giveUp(this.tools, view, { justify: this.tools.random.pick(choice), timeouts });
  }
}

/** Tells those who lag behind what is not so: views that nobody proved, and certificates with too few signatures. */
export class FalseSync implements Adversary {
  private readonly overheard: Overheard;

  constructor(private readonly tools: AdversaryTools) {
    this.overheard = new Overheard(tools);
  }

  divert(message: Signed): readonly Signed[] {
    if (message.kind !== 'syncInfo' || message.sender !== this.tools.self) return [message];
    return [this.lie(message.view, message)];
  }

  observe(message: Verified): void {
    this.overheard.note(message);
  }

  act(): void {
    const { random } = this.tools;
    const { certificates, newest } = this.overheard;
    if (certificates.length === 0) return;
    const justify = random.pick(certificates);
    const lie = this.lie((justify.view + 1) as View, { justify, timeouts: this.overheard.endOf(newest) });
    this.tools.transmit(random.pick(othersOf(this.tools)), packetOf(lie));
  }

  private lie(view: View, { justify, timeouts }: ViewProof): Signed {
    const { random, sealer } = this.tools;
    const say = (said: number, proof: ViewProof): Signed =>
      seal(sealer, { kind: 'syncInfo', view: said as View, sequence: 0 as Sequence, ...proof });
    switch (random.below(4)) {
      case 0:
        return say(view + random.between(1, 1000), { justify, timeouts });
      case 1:
        return say(view, { justify: justify === undefined ? undefined : withoutFirst(justify), timeouts });
      case 2:
        return say(view, { justify, timeouts: timeouts === undefined ? undefined : fewer(timeouts) });
      default:
        // True, and as old as the certificate is.
        return say((justify?.view ?? 0) + 1, { justify, timeouts: undefined });
    }
  }
}

const withoutFirst = (certificate: QuorumCertificate): QuorumCertificate => ({
  ...certificate,
  signatures: certificate.signatures.slice(1),
});

const fewer = ({ view, timeouts }: TimeoutCertificate): TimeoutCertificate => ({ view, timeouts: timeouts.slice(1) });

/** A TIMEOUT of this member, with whatever certificate. */
function giveUp({ committee, hash, sealer }: AdversaryTools, view: View, { justify, timeouts }: ViewProof): Signed {
  const { view: of, digest } = justifiedBy(hash, committee, justify);
  const highest = { view: of, digest };
  const sequence = 0 as Sequence;
  return seal(sealer, {
    kind: 'timeout',
    view,
    sequence,
    digest: timeoutDigest(hash, highest),
    highest,
    justify,
    timeouts,
  });
}
