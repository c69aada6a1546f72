// daemon/deliver/private_address.h
//
// Which addresses an outgoing request must not reach unless the operator allows it: those of this
// machine, its networks, and the metadata services of clouds.
//
//   Input       an address as resolved, just before the connection
//   Threads     stateless; safe everywhere
#pragma once

struct sockaddr;

namespace escalation {

// Also true for addresses that embed such an address, and for families other than IPv4 and IPv6.
bool IsPrivateAddress(const sockaddr& address);

}  // namespace escalation
