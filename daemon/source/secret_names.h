// daemon/source/secret_names.h
//
// Which names stand before secrets: of headers, parameters, members of JSON, variables.
//
//   Threads     stateless; safe everywhere
#pragma once

#include <string_view>

namespace escalation {

// Such as password, API_KEY, client-secret, accessToken, Authorization, Set-Cookie; not token_type.
bool IsSecretName(std::string_view name);

// Of a parameter of an address or form: also code, key, sig, session ... that say little elsewhere.
bool IsSecretParameter(std::string_view name);

}  // namespace escalation
