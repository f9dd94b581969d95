import type { MemberIndex } from './ids';
import { LayoutError, type Reader, type Writer } from './wire';

/** Bytes of a member set of `membersMax`, its length included. */
export const memberSetBytes = (membersMax: number): number => 2 + Math.ceil(membersMax / 8);

/** Members, ascending, as bits: member i is bit i % 8, lowest first, of byte i / 8. The last byte is never 0. */
export function memberBits(members: readonly MemberIndex[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(((members.at(-1) ?? -1) + 1) / 8));
  for (const member of members) bits[member >> 3] = (bits[member >> 3] ?? 0) | (1 << (member & 7));
  return bits;
}

/** The members whose bits are set, ascending. Whether the bits are canonical is the caller's question. */
export function membersOfBits(bits: Uint8Array): MemberIndex[] {
  const members: MemberIndex[] = [];
  for (let member = 0; member < 8 * bits.length; member++)
    if (((bits[member >> 3] ?? 0) & (1 << (member & 7))) !== 0) members.push(member as MemberIndex);
  return members;
}

/** Writes members, ascending, as `memberBits` has them. */
export function writeMemberSet(writer: Writer, members: readonly MemberIndex[]): void {
  writer.short(memberBits(members));
}

/** Reads what writeMemberSet wrote. Throws a LayoutError for a second way to write a set, and for members beyond `membersMax`. */
export function readMemberSet(reader: Reader, membersMax: number): MemberIndex[] {
  const bits = reader.short(Math.ceil(membersMax / 8));
  if (bits.at(-1) === 0) throw new LayoutError('a member set ends with an empty byte');
  const members = membersOfBits(bits);
  if ((members.at(-1) ?? 0) >= membersMax) throw new LayoutError('a member set names more members than there are');
  return members;
}
