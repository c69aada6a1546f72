"""Five runs that between them do everything which leaves a trace on a disk or at a pager.

All events lie in the past, so nothing has to be waited for but the work itself; what is decided does not depend on when it
runs, so a disturbed run must decide the same as an undisturbed one.
"""
import datetime


class Story:
    """Events at set moments after `base`, which lies so far back that every due moment of the fast plan is over."""

    def __init__(self, base):
        self.base = base
        self.count = 0

    def event(self, seconds, ticket, kind, **body):
        self.count += 1
        at = self.base + datetime.timedelta(seconds=seconds)
        actor = {"id": "maria", "kind": "agent"} if kind == "agent" else {"id": "ann", "kind": "customer"}
        return {"id": f"e{self.count}", "ticket_id": ticket, "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "actor": actor, **body}

    def opened(self, seconds, ticket, plan):
        return self.event(seconds, ticket, "customer",
                          opened={"plan": plan, "severity": "high", "subject": f"About {ticket}"})

    def replied(self, seconds, ticket):
        return self.event(seconds, ticket, "agent", message_added={"visibility": "public"})

    def status(self, seconds, ticket, status):
        return self.event(seconds, ticket, "agent", status_changed={"status": status})

    def acknowledged(self, seconds, ticket, key):
        return self.event(seconds, ticket, "agent", page_acknowledged={"key": key, "by": "kim"})


def page(ticket, generation=2):
    """The key of its page; both steps are due at once, and the newest one wakes somebody."""
    return f"default/{ticket}/wake_up/1/{generation}"


def fresh(driver, story):
    """An empty directory, the first policy, and some events."""
    driver.start()
    driver.post(story.opened(0, "F-1", "slow"))
    driver.post(story.opened(5, "F-2", "slow"), story.replied(60, "F-2"))
    # Answered in time, as the same request says: nobody is woken.
    driver.post(story.opened(10, "F-3", "fast"), story.replied(40, "F-3"))
    driver.post(story.status(90, "F-1", "pending"))
    driver.settle()
    driver.stop()
    return []


def pages(driver, story):
    """Breaches, pages that are refused first, an acknowledgement, and every way in which a page ends."""
    driver.pager.refusals = 2
    tickets = [f"P-{number}" for number in range(1, 5)]
    driver.start()
    driver.post(*[story.opened(number, ticket, "fast") for number, ticket in enumerate(tickets)])
    driver.received("CRITICAL", *map(page, tickets))
    driver.post(story.acknowledged(900, "P-1", page("P-1")))
    driver.post(story.replied(1000, "P-2"))
    driver.post(story.status(1000, "P-3", "resolved"))
    driver.post(story.status(1000, "P-4", "closed"))
    driver.received("RECOVERY", *map(page, tickets[1:]))
    driver.post(story.replied(1100, "P-1"))
    driver.received("RECOVERY", *map(page, tickets))
    driver.settle()
    driver.stop()
    return [page(ticket) for ticket in tickets]


def storm(driver, story):
    """Many tickets break their promise in one tick, and are answered in one request."""
    tickets = [f"S-{number}" for number in range(40)]
    driver.start()
    driver.post(*[story.opened(number, ticket, "fast") for number, ticket in enumerate(tickets)])
    driver.received("CRITICAL", *map(page, tickets))
    driver.post(*[story.replied(1200 + number, ticket) for number, ticket in enumerate(tickets)])
    driver.received("RECOVERY", *map(page, tickets))
    driver.settle()
    driver.stop()
    return [page(ticket) for ticket in tickets]


def recovery(driver, story):
    """Stopped, started, killed, and started again; an archive is written meanwhile."""
    driver.start()
    driver.post(*[story.opened(number, f"R-{number}", "slow") for number in range(5)], story.opened(9, "R-9", "fast"))
    driver.received("CRITICAL", page("R-9"))
    driver.settle()
    driver.stop()
    driver.start()
    driver.post(story.replied(1300, "R-0"))
    driver.post(*[story.status(1310 + number, f"R-{number}", "pending") for number in range(1, 4)])
    driver.settle()
    driver.crash()
    driver.start()
    driver.post(story.replied(1400, "R-9"))
    driver.received("RECOVERY", page("R-9"))
    driver.archive()
    driver.settle()
    driver.stop()
    return [page("R-9")]


def policy(driver, story):
    """New calendars and a new policy reach every running clock."""
    tickets = [f"C-{number}" for number in range(30)]
    driver.start()
    driver.post(*[story.opened(number, ticket, "slow") for number, ticket in enumerate(tickets)])
    driver.settle()
    driver.publish(revision=2)
    driver.settle()
    driver.post(*[story.replied(1500 + number, ticket) for number, ticket in enumerate(tickets[:10])])
    driver.settle()
    driver.stop()
    return []


RUNS = {run.__name__: run for run in (fresh, pages, storm, recovery, policy)}
