"""Topics as they are in the broker, read and written by kcat: bytes, nothing of the daemon's own."""
import collections
import subprocess

# key and value: bytes, or None for null. headers: text as kcat prints it, or "".
Message = collections.namedtuple("Message", "partition offset timestamp key value headers")


class KafkaError(Exception):
    pass


def run(arguments, data=None):
    done = subprocess.run(["kcat", "-q", *arguments], input=data, capture_output=True)
    if done.returncode != 0:
        raise KafkaError(f"kcat {' '.join(arguments)}: {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def end(brokers, topic, partition=0):
    """The offset that the partition's next message gets."""
    return int(run(["-Q", "-b", brokers, "-t", f"{topic}:{partition}:-1"]).split()[-1])


def read(brokers, topic, with_headers=False, begin="beginning"):
    """The topic's messages from an offset on, by partition and offset."""
    form = "%p,%o,%T,%K,%S\n%k%s" + ("%h" if with_headers else "") + "\n"
    data = run(["-C", "-b", brokers, "-t", topic, "-o", str(begin), "-e", "-f", form])
    return sorted(parse(data, with_headers))


def parse(data, with_headers=False):
    """The messages of kcat's output in the form above."""
    index = 0
    while index < len(data):
        end = data.index(b"\n", index)
        partition, offset, timestamp, key_size, value_size = map(int, data[index:end].split(b","))
        index = end + 1
        key, index = take(data, index, key_size)
        value, index = take(data, index, value_size)
        end = data.index(b"\n", index)
        headers = data[index:end].decode()
        if headers and not with_headers:
            raise KafkaError(f"{len(headers)} bytes too many behind offset {offset}")
        yield Message(partition, offset, timestamp, key, value, headers)
        index = end + 1


def take(data, index, size):
    return (None, index) if size < 0 else (data[index:index + size], index + size)


def write(brokers, topic, messages, partition=-1):
    """Appends (key, value) pairs of bytes without tabs and newlines; returns once all are acknowledged."""
    data = b"".join(key + b"\t" + value + b"\n" for key, value in messages)
    arguments = ["-P", "-b", brokers, "-t", topic, "-K", "\t", "-X", "acks=all", "-X", "enable.idempotence=true"]
    if partition >= 0:
        arguments += ["-p", str(partition)]
    run(arguments, data)
