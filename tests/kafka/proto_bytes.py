"""Reads and writes protobuf messages by their .proto files, without a line of the code that the daemon does it with.

Only what the project's files use: proto3, scalar types, messages, enums and repeated fields; no groups, maps or extensions.
"""
import os
import re
import struct

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto", "escalation", "v1")
WELL_KNOWN = {
    "google.protobuf.Timestamp": {1: ("seconds", "int64", False), 2: ("nanos", "int32", False)},
    "google.protobuf.Duration": {1: ("seconds", "int64", False), 2: ("nanos", "int32", False)},
}
SCALARS = {"int32", "int64", "uint32", "uint64", "bool", "string", "bytes", "fixed64", "sfixed64", "double", "float", "fixed32",
           "sint32", "sint64"}
TOKEN = re.compile(r'"[^"]*"|[A-Za-z_][\w.]*|\d+|[{}=;\[\],<>-]')


class Schema:
    """Messages by full name ("Event", "Origin.Kind" ...): {field number: (name, type, repeated)}; enums: {number: name}."""

    def __init__(self, folder=ROOT):
        self.messages = dict(WELL_KNOWN)
        self.enums = {}
        for name in sorted(os.listdir(folder)):
            if name.endswith(".proto"):
                with open(os.path.join(folder, name)) as file:
                    text = re.sub(r"//[^\n]*", "", file.read())
                self._read(TOKEN.findall(text))

    def _read(self, tokens):
        scope = []  # (kind, name) of the open braces.
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token in ("message", "enum", "oneof") and tokens[index + 2] == "{":
                scope.append((token, tokens[index + 1]))
                full = self._name(scope)
                if token == "message":
                    self.messages[full] = {}
                elif token == "enum":
                    self.enums[full] = {}
                index += 3
            elif token == "}":
                scope.pop()
                index += 1
            elif scope and token not in ("reserved", "option"):
                end = tokens.index(";", index)
                self._member(scope, tokens[index:end])
                index = end + 1
            else:
                index = tokens.index(";", index) + 1

    @staticmethod
    def _name(scope):
        return ".".join(name for kind, name in scope if kind != "oneof")

    def _member(self, scope, tokens):
        if scope[-1][0] == "enum":
            self.enums[self._name(scope)][int(tokens[2])] = tokens[0]
            return
        repeated = tokens[0] == "repeated"
        if tokens[0] in ("repeated", "optional"):
            tokens = tokens[1:]
        self.messages[self._name(scope)][int(tokens[3])] = (tokens[1], tokens[0], repeated)

    def _resolve(self, scope, name):
        """A type's full name as seen from inside the message `scope`."""
        parts = scope.split(".")
        for depth in range(len(parts), -1, -1):
            full = ".".join(parts[:depth] + [name])
            if full in self.messages or full in self.enums:
                return full
        raise ValueError(f"{scope}: unknown type {name}")

    def decode(self, message, data):
        """The message's fields that are there, by name; nested ones as dicts, enums by name, times in milliseconds."""
        fields = self.messages[message]
        found = {}
        for number, value in split(data):
            if number not in fields:
                raise ValueError(f"{message}: unknown field {number}")
            name, kind, repeated = fields[number]
            for one in self._values(message, kind, value):
                if repeated:
                    found.setdefault(name, []).append(one)
                else:
                    found[name] = one
        return found

    def _values(self, scope, kind, value):
        if kind in SCALARS:
            if isinstance(value, bytes) and kind not in ("string", "bytes"):
                yield from unpack(value)  # Packed.
            elif kind == "string":
                yield value.decode()
            elif kind in ("int32", "int64") and value >= 1 << 63:
                yield value - (1 << 64)
            elif kind == "bool":
                yield value != 0
            else:
                yield value
            return
        full = self._resolve(scope, kind)
        if full in self.enums:
            numbers = unpack(value) if isinstance(value, bytes) else [value]
            yield from (self.enums[full].get(number, number) for number in numbers)
        elif full in WELL_KNOWN:
            time = self.decode(full, value)
            yield time.get("seconds", 0) * 1000 + time.get("nanos", 0) // 1_000_000
        else:
            yield self.decode(full, value)


    def encode(self, message, value):
        """The bytes of a message that is given as decode() gives it."""
        out = b""
        for number, (name, kind, repeated) in self.messages[message].items():
            if name in value:
                for one in value[name] if repeated else [value[name]]:
                    out += self._field(message, number, kind, one)
        return out

    def _field(self, scope, number, kind, value):
        if kind == "string":
            value = value.encode()
        elif kind in WELL_KNOWN:
            value = self.encode(kind, {"seconds": value // 1000, "nanos": value % 1000 * 1_000_000})
        elif isinstance(value, dict):
            value = self.encode(self._resolve(scope, kind), value)
        elif isinstance(value, str):
            names = self.enums[self._resolve(scope, kind)]
            value = next(number for number, name in names.items() if name == value)
        if isinstance(value, bytes):
            return put_varint(number << 3 | 2) + put_varint(len(value)) + value
        return put_varint(number << 3) + put_varint(int(value) & (1 << 64) - 1)


def put_varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint(data, index):
    value = shift = 0
    while True:
        byte = data[index]
        index += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, index
        shift += 7


def unpack(data):
    index = 0
    while index < len(data):
        value, index = varint(data, index)
        yield value


def split(data):
    """(field number, int or bytes) of each field."""
    index = 0
    while index < len(data):
        key, index = varint(data, index)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, index = varint(data, index)
        elif wire == 2:
            length, index = varint(data, index)
            value, index = data[index:index + length], index + length
            if len(value) != length:
                raise ValueError("a field is cut off")
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, index = struct.unpack("<Q" if wire == 1 else "<I", data[index:index + size])[0], index + size
        else:
            raise ValueError(f"wire type {wire}")
        yield number, value
