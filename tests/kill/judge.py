"""What must hold at the end of a run, whatever was killed or failed on the way."""
import collections
import datetime
import json
import re

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
# What may differ between two runs of the same events: numbers that follow the log's offsets, and when it was looked at.
VOLATILE = ("id", "seq", "tenant", "ticket_id", "detected_at", "late_by")

# Everything that is known of a run once it is over.
Evidence = collections.namedtuple(
    "Evidence", "base acknowledged sent records decisions replay received must")


def moment_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def plain(decision, base):
    """The decision as text in which only what must be the same every time is left."""
    kept = {name: value for name, value in decision.items() if name not in VOLATILE}
    if "page_closed" in kept:
        kept["page_closed"] = {name: value for name, value in kept["page_closed"].items() if name != "destination"}
    kept["cause"] = {name: value for name, value in kept.get("cause", {}).items() if name in ("event_id", "rule")}

    def relative(match):
        after = (moment_of(match.group(0)) - base).total_seconds()
        # The story's own moments, and due moments far ahead, are the same in every run; those in between are "now".
        return f"{after:+.0f}" if after < 3600 or after > 86400 else "now"
    return MOMENT.sub(relative, json.dumps(kept, sort_keys=True))


def is_luck(closed, must):
    """Whether this closing depends on when an outcome came: the page had landed after its end, or it is an older one that
    would have been dropped for a newer one had the process not died between the two."""
    return closed["reason"] == "landed_after_close" or closed["key"] not in must


def by_ticket(evidence):
    """The decisions of each ticket, in order."""
    found = collections.defaultdict(list)
    for entry in evidence.decisions:
        decision = entry["decision"]
        if "page_closed" in decision and is_luck(decision["page_closed"], evidence.must):
            continue
        found[decision.get("ticket_id", "")].append(plain(decision, evidence.base))
    return dict(found)


def check_records(evidence):
    """What was accepted is where the daemon said, as it was sent, and nothing is there that was not sent."""
    offsets = [int(record["offset"]) for record in evidence.records]
    if offsets != list(range(len(offsets))):
        yield f"offsets are not dense: {offsets}"
        return
    for offset, event in evidence.acknowledged:
        found = evidence.records[offset]["event"] if offset < len(offsets) else {}
        if {name: found.get(name) for name in event} != as_stored(event):
            yield f"{event['id']} was accepted at {offset}, where the log has {found}"
    if len({offset for offset, _ in evidence.acknowledged}) != len(evidence.acknowledged):
        yield "two events were accepted at one offset"
    stored = collections.Counter(record["event"].get("id") for record in evidence.records)
    for event_id, count in stored.items():
        if event_id and count > evidence.sent[event_id]:
            yield f"{event_id} is {count} times in the log, sent were {evidence.sent[event_id]}"


def as_stored(event):
    """An event as the log's JSON writes it: enums in capitals."""
    stored = json.loads(json.dumps(event))
    stored["actor"]["kind"] = stored["actor"]["kind"].upper()
    for body, field in (("message_added", "visibility"), ("status_changed", "status")):
        if body in stored:
            stored[body][field] = stored[body][field].upper()
    return stored


def check_decisions(evidence):
    seqs = [int(entry["decision"]["seq"]) for entry in evidence.decisions]
    if seqs != list(range(1, len(seqs) + 1)):
        yield f"decisions are not contiguous: {seqs}"
    ids = collections.Counter(entry["decision"]["id"] for entry in evidence.decisions)
    twice = [decision_id for decision_id, count in ids.items() if count > 1]
    if twice:
        yield f"published twice: {twice}"
    code, output = evidence.replay
    if code != 0:
        yield f"folding the log again says something else: {output}"


def check_same(evidence, undisturbed):
    """A disturbed run decides what an undisturbed one does."""
    found, expected = by_ticket(evidence), by_ticket(undisturbed)
    for ticket in sorted(set(found) | set(expected)):
        if found.get(ticket) != expected.get(ticket):
            yield (f"{ticket or 'no ticket'} was decided\n    " + "\n    ".join(found.get(ticket, ["not at all"]))
                   + "\n  and undisturbed\n    " + "\n    ".join(expected.get(ticket, ["not at all"])))


def check_pages(evidence):
    """Every page that must come came, and everything that is open at the pager is closed there."""
    requested = {entry["decision"]["page_requested"]["key"] for entry in evidence.decisions
                 if "page_requested" in entry["decision"]}
    operations = collections.defaultdict(list)
    for operation, key in evidence.received:
        operations[key].append(operation)
    for key in set(operations) - requested:
        yield f"{key} was paged but never decided: {operations[key]}"
    for key in evidence.must:
        if "CRITICAL" not in operations[key]:
            yield f"{key} never came"
    for key, arrived in operations.items():
        if arrived and arrived[-1] != "RECOVERY":
            yield f"{key} is still open at the pager: {arrived}"
        if "CRITICAL" in arrived[arrived.index("RECOVERY"):] if "RECOVERY" in arrived else False:
            yield f"{key} was opened again after its end: {arrived}"
    outcomes = collections.defaultdict(set)
    for record in evidence.records:
        outcome = record["event"].get("page_outcome")
        if outcome is not None:
            outcomes[(outcome["operation"], outcome["key"])].add(outcome["outcome"])
    for key in requested:
        outcome = outcomes[("TRIGGER", key)]
        if not outcome or "FAILED" in outcome:
            yield f"{key} has the outcome {outcome or 'none'}"
        if "DELIVERED" in outcome and "CRITICAL" not in operations[key]:
            yield f"{key} is said to be delivered, but never came"


def judge(evidence, undisturbed=None):
    """Everything that is wrong; empty: nothing."""
    problems = list(check_records(evidence))
    problems += check_decisions(evidence)
    problems += check_pages(evidence)
    if undisturbed is not None:
        problems += check_same(evidence, undisturbed)
    return problems
