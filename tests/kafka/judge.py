"""What must hold of a cluster's topics and of the pager once a run is over, whatever was killed on the way.

Written apart from the daemon: it reads topics as bytes, messages by their .proto files, and knows the promises of policy.yaml by
itself. A ticket of plan P is owed a public answer within WITHIN_MS[P], around the clock.
"""
import collections
import hashlib
import json

WITHIN_MS = {"fast": 1_000, "slow": 3_600_000}

# sources: {name: messages of its topics}, whose values are JSON events, or poison. events: those that were accepted over HTTP, as
# sent. log, decisions, dead_letters: messages. received: (milliseconds, operation, key) in order of arrival. ended_ms: until when
# promises could be broken.
Evidence = collections.namedtuple("Evidence", "schema sources events log decisions dead_letters received ended_ms")

Accepted = collections.namedtuple("Accepted", "place event")


def event_of(message):
    """The event that a message of a source holds; None: poison."""
    try:
        event = json.loads(message.value)
    except (UnicodeDecodeError, ValueError):
        return None
    return event if isinstance(event, dict) and "ticket_id" in event else None


def by_partition(messages):
    found = collections.defaultdict(list)
    for message in messages:
        found[message.partition].append(message)
    return found


def check_log(log):
    """Nothing is missing in the middle, and time does not run backwards."""
    for partition, messages in by_partition(log).items():
        offsets = [message.offset for message in messages]
        if offsets != list(range(len(offsets))):
            yield f"log[{partition}]: offsets are not dense: {gaps(offsets)}"
        for before, after in zip(messages, messages[1:]):
            if after.timestamp < before.timestamp:
                yield f"log[{partition}]@{after.offset}: appended {before.timestamp - after.timestamp} ms before its predecessor"


def gaps(numbers):
    return [(before, after) for before, after in zip(numbers, numbers[1:]) if after != before + 1][:5]


def count_once(records):
    """The records that the rule of the log counts: of each stream of a source, what is beyond everything before it; of those
    without positions, the first of each id."""
    highest = {}
    ids = set()
    for place, record in records:
        origin = record.get("origin", {})
        if origin.get("positioned"):
            stream = (origin["source"], origin.get("generation", ""), origin.get("partition", 0))
            position = (origin.get("offset", 0), origin.get("index", 0))
            if position <= highest.get(stream, (-1, -1)):
                continue
            highest[stream] = position
        elif record.get("id") and origin.get("source"):
            if (origin["source"], record["id"]) in ids:
                continue
            ids.add((origin["source"], record["id"]))
        yield place, record


def check_sources(evidence, counted):
    """Each message of each source counts once, in its order; those that nobody understands are dead letters with their bytes."""
    found = collections.defaultdict(list)
    for _, record in counted:
        origin = record.get("origin", {})
        if origin.get("positioned"):
            found[origin["source"], origin.get("partition", 0)].append(record)
    generations = collections.defaultdict(set)
    letters = collections.Counter(letter.value for letter in evidence.dead_letters)
    for name, messages in evidence.sources.items():
        for partition, stream in by_partition(messages).items():
            records = found.pop((name, partition), [])
            generations[name].update(record["origin"].get("generation", "") for record in records)
            expected = [(message.offset, event_of(message)) for message in stream if event_of(message) is not None]
            if [offset for offset, _ in expected] != [record["origin"].get("offset", 0) for record in records]:
                yield f"{name}[{partition}]: {differ([offset for offset, _ in expected], [record['origin'].get('offset', 0) for record in records])}"
                continue
            for (offset, event), record in zip(expected, records):
                if (record.get("id"), record.get("ticket_id")) != (event["id"], event["ticket_id"]):
                    yield f"{name}[{partition}]@{offset}: {event['id']} entered the log as {record.get('id')}"
            for message in stream:
                if event_of(message) is None and letters[message.value] == 0:
                    yield f"{name}[{partition}]@{message.offset}: poison, and no dead letter has its bytes"
    for (name, partition), records in found.items():
        yield f"{name}[{partition}]: {len(records)} records in the log of messages that are not in the topic"
    for name, names in generations.items():
        if len(names) > 1:
            yield f"{name}: several generations of one topic: {sorted(names)}"
    poison = {message.value for messages in evidence.sources.values() for message in messages if event_of(message) is None}
    for value in set(letters) - poison:
        yield f"a dead letter holds what no source did, or what is an event: {value[:80]!r}"


def differ(expected, found):
    """Where two sorted lists of offsets differ, in words."""
    missing, strange = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or strange:
        return f"lost {len(missing)}: {missing[:5]}, not in the topic {len(strange)}: {strange[:5]}"
    return "counted in another order than in the topic"


def check_events(evidence, counted):
    """What was accepted over HTTP is there once."""
    ids = collections.Counter(record.get("id") for _, record in counted)
    for event in evidence.events:
        if ids[event["id"]] != 1:
            yield f"{event['id']} was accepted and is {ids[event['id']]} times in the log"


def decide_once(messages, problems):
    """The stream without what another owner published again; each again must be the same bytes."""
    stream = []
    for message in messages:
        headers = dict(pair.split("=", 1) for pair in message.headers.split(","))
        seq = int(headers["seq"])
        if seq == len(stream) + 1:
            stream.append(message)
        elif seq > len(stream) + 1:
            problems.append(f"decisions[{message.partition}]@{message.offset}: seq {seq} follows {len(stream)}")
            return stream
        elif stream[seq - 1].value != message.value:
            problems.append(f"decisions[{message.partition}]@{message.offset}: seq {seq} was decided in two ways")
    return stream


def check_decisions(decisions, stream, published):
    """`decisions`: the decoded `stream` of one partition. `published`: the records that sum it up."""
    ids = collections.Counter(decision["id"] for decision in decisions)
    for decision_id, count in ids.items():
        if count > 1:
            yield f"decided twice: {decision_id}"
    for number, (decision, message) in enumerate(zip(decisions, stream), start=1):
        if decision["seq"] != number or f"id={decision['id']}" not in message.headers.split(","):
            yield f"decision {decision['id']} with seq {decision['seq']} stands under the headers {message.headers}"
    chain = chains(message.value for message in stream)
    for record in published:
        through = record["through_seq"]
        if through >= len(chain):
            yield f"the log says that decisions up to {through} are published; there are {len(decisions)}"
        elif record["decisions_hash"] != chain[through]:
            yield f"the chain of the decisions up to {through} is not what the log says"


def chains(values):
    """The running hash after each decision; the first one is that of none."""
    found = [b""]
    for value in values:
        found.append(hashlib.sha256(found[-1] + len(value).to_bytes(8, "big") + value).digest())
    return found


def owed(counted, ended_ms):
    """{ticket: when its answer was due} of the tickets whose answer came too late or never."""
    opened, answered = {}, collections.defaultdict(list)
    for _, record in counted:
        ticket = record.get("ticket_id", "")
        if "opened" in record:
            opened[ticket] = (record["occurred_at"], record["opened"].get("plan", ""))
        elif "message_added" in record and record["actor"].get("kind") == "AGENT":
            if record["message_added"].get("visibility") == "PUBLIC":
                answered[ticket].append(record["occurred_at"])
    broken = {}
    for ticket, (at, plan) in opened.items():
        due = at + WITHIN_MS[plan]
        if due < ended_ms and not any(at <= moment <= due for moment in answered[ticket]):
            broken[ticket] = due
    return broken


def check_breaches(decisions, broken):
    """Every promise that was broken is a breach at its moment; no other ever is, not even for a while."""
    breached = {}
    for decision in decisions:
        if "clock_breached" in decision:
            if decision["ticket_id"] in breached:
                yield f"{decision['ticket_id']}: breached twice"
            breached[decision["ticket_id"]] = decision["due_at"]
        if "breach_retracted" in decision:
            yield f"{decision['ticket_id']}: a breach was decided before everything was known, and taken back"
    for ticket in sorted(set(broken) - set(breached)):
        yield f"{ticket}: broken at {broken[ticket]}, and no breach"
    for ticket in sorted(set(breached) - set(broken)):
        yield f"{ticket}: a breach, and the promise was kept"
    for ticket in set(breached) & set(broken):
        if breached[ticket] != broken[ticket]:
            yield f"{ticket}: broken at {broken[ticket]}, breached at {breached[ticket]}"


def run_of(key):
    """A page's run of an escalation: its key without the generation."""
    return key.split("@")[0].rsplit("/", 1)[0]


def check_acknowledged(counted, decided):
    """No page is decided after its run was acknowledged. `decided`: {partition: decisions}."""
    acknowledged = {}
    for (partition, offset), record in counted:
        if "page_acknowledged" in record:
            run = run_of(record["page_acknowledged"]["key"])
            acknowledged.setdefault((partition, run), offset)
    for partition, decisions in decided.items():
        for decision in decisions:
            page = decision.get("page_requested")
            if page is None:
                continue
            after = acknowledged.get((partition, run_of(page["key"])))
            if after is not None and decision["cause"].get("offset", 0) > after:
                yield f"{page['key']} was asked for after its run was acknowledged"


def check_pages(evidence, counted, decisions):
    """Every page that was asked for came, or was kept back for a reason; none came early; what is over is closed."""
    requested = {}
    for decision in decisions:
        if "page_requested" in decision:
            requested[decision["page_requested"]["key"]] = decision
    closed = {decision["page_closed"]["key"] for decision in decisions if "page_closed" in decision}
    outcomes = collections.defaultdict(set)
    for _, record in counted:
        if "page_outcome" in record:
            outcome = record["page_outcome"]
            outcomes[outcome["operation"], outcome["key"]].add(outcome["outcome"])
    arrived = collections.defaultdict(list)
    for moment, operation, key in evidence.received:
        arrived[key].append(operation)
        if key not in requested:
            yield f"{key} was paged, and never asked for"
        elif operation == "CRITICAL" and moment < requested[key]["at"]:
            yield f"{key} came {requested[key]['at'] - moment} ms before it was due"
    for key in requested:
        outcome = outcomes["TRIGGER", key]
        if not outcome or "FAILED" in outcome:
            yield f"{key} has the outcome {sorted(outcome) or 'none'}"
        if "DELIVERED" in outcome and "CRITICAL" not in arrived[key]:
            yield f"{key} is said to be delivered, and never came"
        if outcome == {"SUPPRESSED"} and key not in closed:
            yield f"{key} was kept back, and nothing has closed it"
    for key, operations in arrived.items():
        if "CRITICAL" in operations and key in closed and operations[-1] != "RECOVERY":
            yield f"{key} is still open at the pager: {operations}"


def judge(evidence):
    """Everything that is wrong; empty: nothing."""
    problems = list(check_log(evidence.log))
    records = [((message.partition, message.offset), evidence.schema.decode("Event", message.value))
               for message in evidence.log]
    counted = list(count_once(records))
    problems += check_sources(evidence, counted)
    problems += check_events(evidence, counted)
    decided = {}
    for partition, messages in by_partition(evidence.decisions).items():
        stream = decide_once(messages, problems)
        decided[partition] = [evidence.schema.decode("Decision", message.value) for message in stream]
        published = [record["published"] for place, record in records if place[0] == partition and "published" in record]
        problems += check_decisions(decided[partition], stream, published)
    every = [decision for decisions in decided.values() for decision in decisions]
    problems += check_breaches(every, owed(counted, evidence.ended_ms))
    problems += check_acknowledged(counted, decided)
    problems += check_pages(evidence, counted, every)
    return problems
