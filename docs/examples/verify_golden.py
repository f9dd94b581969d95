#!/usr/bin/env python3
"""Recomputes the golden files from docs/specification.md alone: python3 docs/examples/verify_golden.py

Standard library only, so signatures are not checked here; the bytes that they are made over are. Layouts are built from the
readable `fields` and compared with `hex`; digests, ids, signing bytes and a Merkle proof are computed anew.
"""
import base64, hashlib, json, pathlib, sys, zlib

LIBS = pathlib.Path(__file__).resolve().parents[2] / "libs"
KINDS = "prePrepare prepare commit checkpoint viewChange newView status fetch batch decided requests epochChange snapshot chunk proposal vote timeout syncInfo stable".split()
CATEGORIES = "general model_update strategy_change resource_allocation safety_critical configuration system".split()
PRIORITIES = "low normal high critical".split()
read = lambda library: {path.stem: json.loads(path.read_text()) for path in sorted((LIBS / library / "golden").glob("*.json"))}
golden = read("protocol") | read("client")

# 0.1 to 0.3: notation, hashing, Merkle trees
u8, u16, u32, u64 = (lambda n, size=size: int(n).to_bytes(size, "big") for size in (1, 2, 4, 8))
raw = bytes.fromhex
text = lambda s: u8(len(s)) + s.encode("ascii")
short = lambda b: u16(len(b)) + b
long = lambda b: u32(len(b)) + b
each = lambda count, item, items: count(len(items)) + b"".join(map(item, items))
sha = lambda b: hashlib.sha256(b).digest()
H = lambda purpose, data: sha(b"concordat/1 " + purpose.encode() + b"\n" + data)

def merkle(leaves):
    if len(leaves) == 1:
        return sha(b"\0" + leaves[0])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1" + merkle(leaves[:split]) + merkle(leaves[split:]))

# 2.3 to 2.5: genesis, epoch table, swarm id
genesis = golden["genesis"]["fields"]
b64 = lambda s: base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
sizes = {"f": u16, "checkpoint_interval": u32, "window_size": u32, "batch_requests_max": u32, "batch_bytes_max": u32,
         "log_time_bound_ms": u64, "request_lifetime_max_ms": u64, "nonce_window": u32, "clients_max": u32}

def epoch_table(t, key, one):
    """A table's canonical bytes. Keys are in hex or base64url; reputation 1 is `one`: a million, or 1 as in files on disk."""
    def member(m):
        reputation = round(m["reputation"] * 1_000_000 / one)
        who = text(m["node_id"]) + short(key(m["public_key"])) + u32(m["weight"]) + u32(reputation)
        return who + u8(m.get("isolated", False)) + each(u8, text, m["capabilities"])
    codes = [{"pbft": 1, "hotstuff": 2}[t["engine"]], {"ed25519": 1, "rsa-pss-2048": 2}[t["signature_scheme"]],
             {"signature-list": 1}[t["certificate_form"]], {"round-robin": 1, "reputation": 2}[t["leader_election"]]]
    head = u64(t.get("epoch", 0)) + u64(t.get("base_sequence", 0)) + b"".join(map(u8, codes)) + u8(t["weighted_voting"])
    settings = b"".join(size(t[name]) for name, size in sizes.items())
    return head + settings + each(u16, member, t["members"]) + each(u16, lambda k: short(key(k)), t["operators"])

TABLE = epoch_table(genesis, b64, 1)
TABLE_HASH = H("epoch-table", TABLE)
genesis_bytes = lambda g: text(g["swarm"]) + raw(g["random"]) + epoch_table(g, b64, 1)
SWARM_ID = H("genesis", genesis_bytes(genesis))
linear = golden["genesis-hotstuff"]["fields"]
LINEAR = {"table_hash": H("epoch-table", epoch_table(linear, b64, 1)), "swarm": H("genesis", genesis_bytes(linear))}

# 0.5: what is signed
def statement(kind, sender, view, sequence, digest, epoch=0, table_hash=TABLE_HASH, swarm=SWARM_ID):
    place = u8(KINDS.index(kind) + 1) + u16(sender) + u64(epoch) + u64(view) + u64(sequence)
    return b"concordat/1 statement\n" + swarm + table_hash + place + digest

# 9.2, 9.4: envelopes and batches
def request(r):
    codes = u8(CATEGORIES.index(r["category"])) + u8(PRIORITIES.index(r["priority"]))
    return u64(r["expires_at"]) + codes + text(r["proposer"]) + long(r["value"].encode()) + short(r["metadata"].encode())

def body(f):
    s = f["signer"]
    who = u8(1) + short(raw(s["public_key"])) if s["kind"] == "client" else u8(2) + text(s["node_id"]) + u64(s["accepted_view"])
    return u8(1) + who + u64(f["first_nonce"]) + each(u16, request, f["requests"])

sealed = lambda f: body(f) + short(raw(f["signature"]))
envelopes = [sealed(golden[name]["fields"]) for name in golden if name.startswith("envelope-")]
by_id = {H("envelope", data).hex(): data for data in envelopes}
supplied = lambda e: long(by_id[e["envelope_id"]])
batch = lambda b: b"" if b is None else u8(1) + u64(b["time"]) + each(u16, supplied, b["envelopes"])
header_leaf = lambda b: u64(b["time"]) + u16(len(b["envelopes"]))
batch_digest = lambda b: merkle([header_leaf(b)] + [raw(e["envelope_id"]) for e in b["envelopes"]])

# 4: blocks and certificates of the linear engine
block = lambda view, sequence, parent, batch: H("block", u64(view) + u64(sequence) + u64(parent["view"]) + raw(parent["digest"]) + raw(batch))
gave_up = lambda named: H("timeout", u64(named["view"]) + raw(named["digest"]))
reference = lambda r: u64(r["view"]) + raw(r["digest"])

def chain_of(view, sequence, batch, parent, above):
    """View, sequence and digest of each block, upwards from the decided one; `above` as pairs of view and batch digest."""
    blocks = []
    for own, what in [(view, batch)] + above:
        d = block(own, sequence, parent, what)
        blocks.append((own, sequence, d))
        sequence, parent = sequence + 1, {"view": own, "digest": d.hex()}
    *_, first, second, third = blocks
    assert first[0] + 2 == second[0] + 1 == third[0] and [b[0] for b in blocks] == sorted({b[0] for b in blocks})
    return blocks

links = lambda c: chain_of(c["view"], c["sequence"], c["digest"], c["chain"]["parent"], [(b["view"], b["batch"]) for b in c["chain"]["above"]])

# A.4: certificates
content = lambda c: raw(c["state_digest"]) + u64(c["boundary"]) + raw(c["next_table_hash"])
checkpoint_digest = lambda sequence, c: H("checkpoint", u64(sequence) + content(c))
votes = lambda c: each(u16, lambda v: u16(v["sender"]) + short(raw(v["signature"])), c["signatures"])
slot = lambda c: u64(c["view"]) + u64(c["sequence"]) + raw(c["digest"])
chain = lambda c: reference(c["parent"]) + each(u16, lambda b: u64(b["view"]) + raw(b["batch"]), c["above"]) if c else b""
timeouts = lambda c: u64(c["view"]) + each(u16, lambda t: u16(t["sender"]) + reference(t["highest"]) + short(raw(t["signature"])), c["timeouts"])
certificates = {
    "certificate-commit": lambda c: slot(c) + votes(c) + chain(c.get("chain")),
    "certificate-prepared": lambda c: slot(c) + short(raw(c["leader_signature"])) + votes(c),
    "certificate-checkpoint": lambda c: u64(c["sequence"]) + content(c["content"]) + votes(c),
}
commit, prepared, checkpoint = certificates.values()

# A.3: payloads
ids = lambda items: each(u16, raw, items)
entry = lambda e: u64(e["sequence"]) + raw(e["digest"]) + short(raw(e["signature"]))
member_set = lambda members: short(sum(1 << i for i in members).to_bytes(max(members, default=-1) // 8 + 1, "little"))
bounds = lambda d: u64(d["from"]) + u64(d["to"]) if d else u64(0) + u64(0)
wanted = lambda s: u64(s["sequence"]) + u32(s["from"]) + u16(s["count"]) if s else u64(0) + u32(0) + u16(0)
view_proof = lambda m: u8(bool(m["justify"]) + 2 * bool(m["timeouts"])) + (slot(m["justify"]) + votes(m["justify"]) if m["justify"] else b"") + (timeouts(m["timeouts"]) if m["timeouts"] else b"")
payloads = {
    "proposal": lambda m: reference(m["parent"]) + raw(m["batch_digest"]) + view_proof(m) + batch(m["batch"]),
    "vote": lambda m: b"",
    "timeout": lambda m: reference(m["highest"]) + view_proof(m),
    "syncInfo": view_proof,
    "stable": lambda m: checkpoint(m["certificate"]),
    "prePrepare": lambda m: batch(m["batch"]),
    "prepare": lambda m: b"",
    "commit": lambda m: b"",
    "checkpoint": lambda m: content(m["content"]),
    "viewChange": lambda m: (u8(1) + checkpoint(m["stable"]) if m["stable"] else u8(0)) + each(u32, prepared, m["prepared"]),
    "newView": lambda m: each(u16, lambda v: u16(v["sender"]) + raw(v["digest"]), m["view_changes"]) + each(u32, entry, m["entries"]),
    "status": lambda m: u64(m["promised_view"]) + u64(m["stable_sequence"]) + u64(m["oldest_sequence"]) + raw(m["head_digest"])
    + each(u16, lambda s: u64(s["sequence"]) + u8(s["flags"]), m["slots"]) + ids(m["waiting"]) + each(u16, lambda h: u16(h["sender"]) + u64(h["view"]), m["view_changes_held"])
    + member_set(m["silent"]),
    "fetch": lambda m: text(m["origin"]) + ids(m["batches"]) + ids(m["view_changes"]) + ids(m["envelopes"]) + bounds(m["decided"]) + wanted(m["snapshot"]),
    "batch": lambda m: batch(m["batch"]),
    "decided": lambda m: commit(m["certificate"]) + batch(m["batch"]),
    "requests": lambda m: each(u16, supplied, m["envelopes"]),
    "snapshot": lambda m: checkpoint(m["certificate"]) + u64(m["shape"]["bytes"]) + raw(m["shape"]["root"]),
    "chunk": lambda m: u32(m["index"]) + long(raw(m["bytes"])) + u8(len(m["path"])) + b"".join(map(raw, m["path"])),
    "epochChange": lambda m: long(epoch_table(m["change"]["table"], raw, 1_000_000)) + checkpoint(m["change"]["certificate"]),
}

# A.2: digests
def digest(m):
    if m["kind"] == "proposal":
        assert raw(m["batch_digest"]) == (batch_digest(m["batch"]) if m["batch"] else H("null-batch", b""))
        return block(m["view"], m["sequence"], m["parent"], m["batch_digest"])
    if m["kind"] in ("vote", "timeout"):
        return raw(m["digest"]) if m["kind"] == "vote" else gave_up(m["highest"])
    if m["kind"] in ("prePrepare", "prepare", "commit"):
        return batch_digest(m["batch"]) if m.get("batch") else raw(m["digest"])
    if m["kind"] == "checkpoint":
        return checkpoint_digest(m["sequence"], m["content"])
    place = u8(KINDS.index(m["kind"]) + 1) + u64(m["epoch"]) + u16(m["sender"]) + u64(m["view"]) + u64(m["sequence"])
    return H("payload", place + payloads[m["kind"]](m))

# 5: who leads which view
def schedule(t, one):
    able = [i for i, m in enumerate(t["members"]) if not m.get("isolated")]
    if t["leader_election"] == "round-robin":
        return able
    turns = {i: 1 + round(t["members"][i]["reputation"] * 1_000_000 / one) * 3 // 1_000_000 for i in able}
    credit, order = dict.fromkeys(able, 0), []
    for _ in range(sum(turns.values())):
        for i in able:
            credit[i] += turns[i]
        order.append(max(able, key=lambda i: (credit[i], -i)))
        credit[order[-1]] -= sum(turns.values())
    return order

# 7.7, 9.8: a chain of epochs, and a decision certificate of an epoch that it leads to
later = {0: (genesis, TABLE_HASH)}

def epochs(f):
    signed, hashes = [], []
    for change in f["changes"]:
        t, c = change["table"], change["checkpoint"]
        ended, ended_hash = later[t["epoch"] - 1]
        index = {m["node_id"]: i for i, m in enumerate(ended["members"])}
        hashes.append(H("epoch-table", epoch_table(t, b64, 1)).hex())
        later[t["epoch"]] = (t, raw(hashes[-1]))
        assert c["next_table_hash"] == hashes[-1] and c["sequence"] == c["boundary"] == t["base_sequence"]
        d = checkpoint_digest(c["sequence"], c)
        signed += [statement("checkpoint", index[s["node_id"]], 0, c["sequence"], d, ended.get("epoch", 0), ended_hash) for s in c["signatures"]]
    return {"table_hashes": hashes}, signed

def climb(leaf, index, count, path):
    """Root of a tree of `count` leaves from one leaf and its path (RFC 9162 2.1.3.2)."""
    node, at, last, path = sha(b"\0" + leaf), index, count - 1, [raw(p) for p in path]
    for sibling in path:
        if at % 2 or at == last:
            node = sha(b"\1" + sibling + node)
            while at and not at % 2:
                at, last = at >> 1, last >> 1
        else:
            node = sha(b"\1" + node + sibling)
        at, last = at >> 1, last >> 1
    return node

def decision(f):
    epochs(golden["epochs"]["fields"])
    t, table_hash = later[f["epoch"]]
    b, d, index = f["batch"], raw(f["batch_digest"]), {m["node_id"]: i for i, m in enumerate(t["members"])}
    id = H("envelope", b64(f["envelope"]))
    assert f["table_hash"] == table_hash.hex() and f["swarm_id"] == SWARM_ID.hex() and f["sequence"] > t["base_sequence"]
    assert climb(u64(b["time"]) + u16(b["count"]), 0, b["count"] + 1, b["header_path"]) == d
    assert climb(id, b["index"] + 1, b["count"] + 1, b["path"]) == d
    voters = {m["node_id"] for m in t["members"] if not m["isolated"]} & {c["node_id"] for c in f["commits"]}
    assert len(voters) >= (len(t["members"]) + t["f"]) // 2 + 1
    return {}, [statement("commit", index[c["node_id"]], f["view"], f["sequence"], d, f["epoch"], table_hash) for c in f["commits"]]

def decision_of_linear(f):
    above = [(b["view"], b["batch_digest"]) for b in f["chain"]["above"]]
    last = chain_of(f["view"], f["sequence"], f["batch_digest"], f["chain"]["parent"], above)[-1]
    b, d, index = f["batch"], raw(f["batch_digest"]), {m["node_id"]: i for i, m in enumerate(linear["members"])}
    assert f["table_hash"] == LINEAR["table_hash"].hex() and f["swarm_id"] == LINEAR["swarm"].hex() and f["sequence"] > 0
    assert climb(u64(b["time"]) + u16(b["count"]), 0, b["count"] + 1, b["header_path"]) == d
    assert climb(H("envelope", b64(f["envelope"])), b["index"] + 1, b["count"] + 1, b["path"]) == d
    assert len({v["node_id"] for v in f["votes"]} & set(index)) >= (len(index) + linear["f"]) // 2 + 1
    return {}, [statement("vote", index[v["node_id"]], *last, **LINEAR) for v in f["votes"]]

def inner_statements(m):
    """What is signed inside a message of the linear engine."""
    if m["kind"] == "decided" and m["certificate"].get("chain"):
        return [statement("vote", v["sender"], *links(m["certificate"])[-1], **LINEAR) for v in m["certificate"]["signatures"]]
    justify, given = m.get("justify"), m.get("timeouts")
    voted = [statement("vote", v["sender"], justify["view"], justify["sequence"], raw(justify["digest"]), **LINEAR) for v in justify["signatures"]] if justify else []
    return voted + ([statement("timeout", t["sender"], given["view"], 0, gave_up(t["highest"]), **LINEAR) for t in given["timeouts"]] if given else [])

def expected(name, f, g):
    """What must stand in a file, and the bytes that its signatures are made over."""
    if name.startswith("message-"):
        own, d = raw(g["signatures"][0]["signature"]), digest(f)
        head = u8(1) + u8(KINDS.index(f["kind"]) + 1) + u64(f["epoch"]) + u16(f["sender"]) + u64(f["view"]) + u64(f["sequence"])
        entries = [("prePrepare", e["sequence"], raw(e["digest"])) for e in f.get("entries", [])]
        domain = LINEAR if KINDS.index(f["kind"]) >= 14 or f.get("certificate", {}).get("chain") else {}
        signed = [statement(kind, f["sender"], f["view"], at, value, **domain) for kind, at, value in [(f["kind"], f["sequence"], d)] + entries]
        signed += inner_statements(f)
        return {"hex": head + d + short(own) + payloads[f["kind"]](f), "digest": d}, signed
    if name.startswith("envelope-"):
        hashed, s = H("envelope-body", body(f)), f["signer"]
        gateway = f"{s.get('node_id')}:{s.get('accepted_view')}"
        who = base64.urlsafe_b64encode(H("client", raw(s["public_key"]))).decode().rstrip("=") if s["kind"] == "client" else gateway
        proposals = [f"{who}:{int(f['first_nonce']) + i}" for i in range(len(f["requests"]))]
        derived = {"hex": sealed(f), "body_hash": hashed, "envelope_id": H("envelope", sealed(f)), "proposal_ids": proposals}
        return derived, [b"concordat/1 request\n" + (LINEAR["swarm"] if name.endswith("hotstuff") else SWARM_ID) + hashed]
    if name == "epochs":
        return epochs(f)
    if name == "decision-epoch-1":
        return decision(f)
    if name == "decision-hotstuff":
        return decision_of_linear(f)
    if name == "genesis-hotstuff":
        order = schedule(linear, 1)
        leaders = [order[view // 2 % len(order)] for view in range(9)]
        return {"hex": genesis_bytes(f), "swarm_id": LINEAR["swarm"], "table_hash": LINEAR["table_hash"], "root_digest": H("root-block", LINEAR["table_hash"]), "leaders": leaders}, []
    if name == "certificate-commit-chained":
        blocks = links(f)
        assert [b["digest"] for b in g["blocks"]] == [d.hex() for _, _, d in blocks]
        return {"hex": commit(f)}, [statement("vote", v["sender"], *blocks[-1], **LINEAR) for v in f["signatures"]]
    if name == "certificate-checkpoint":
        d = checkpoint_digest(f["sequence"], f["content"])
        return {"hex": checkpoint(f), "digest": d}, [statement("checkpoint", v["sender"], 0, f["sequence"], d) for v in f["signatures"]]
    if name.startswith("certificate-"):
        at = (f["view"], f["sequence"], raw(f["digest"]))
        kind = "prepare" if "leader_signature" in f else "commit"
        leader = [statement("prePrepare", schedule(genesis, 1)[f["view"] % len(schedule(genesis, 1))], *at)] if kind == "prepare" else []
        return {"hex": certificates[name](f)}, leader + [statement(kind, v["sender"], *at) for v in f["signatures"]]
    if name == "packed-pre-prepare":
        plain, stream = raw(golden["message-pre-prepare"]["hex"]), raw(f["stream"])
        payload = zlib.decompress(stream, wbits=-15)
        assert plain.endswith(payload) and len(payload) == f["inflated_bytes"]
        return {"hex": b"\x81" + plain[1:-len(payload)] + u32(len(payload)) + stream, "payload": payload}, []
    if name == "statement":
        said = statement(f["kind"], f["sender"], f["view"], f["sequence"], raw(f["digest"]))
        return {"hex": said}, [said]
    simple = {"batch": lambda: {"hex": batch(f), "digest": batch_digest(f)}, "genesis": lambda: {"hex": genesis_bytes(genesis), "swarm_id": SWARM_ID},
              "epoch-table": lambda: {"hex": epoch_table(f, raw, 1_000_000), "table_hash": TABLE_HASH}, "keys": lambda: {"null_digest": H("null-batch", b"")}}
    return simple[name](), []

checks = 0
for name, g in golden.items():
    derived, signed = expected(name, g["fields"], g)
    pairs = [(what, value, g[what]) for what, value in derived.items()]
    pairs += [(f"signing bytes: {s['what']}", value, s["signing_bytes"]) for value, s in zip(signed, g.get("signatures", []), strict=True)]
    for what, value, stored in pairs:
        checks += 1
        if (value.hex() if isinstance(value, bytes) else value) != stored:
            sys.exit(f"{name}: {what} differs")
print(f"{len(golden)} files, {checks} checks: all hold")
