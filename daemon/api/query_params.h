// daemon/api/query_params.h
//
// The parameters of a query, checked.
//
//   Input       the query part of a request
//   Output      values by name
//   Errors      kInvalidArgument with the parameter as its field: unknown, given twice, not of its
//               form
//   Threads     values; safe everywhere
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "daemon/api/http.h"

namespace escalation {

class QueryParams {
 public:
  // `known`: every parameter of the endpoint.
  static absl::StatusOr<QueryParams> Read(const HttpRequest& request,
                                          std::initializer_list<std::string_view> known);

  // Empty: not given.
  std::string Text(std::string_view name) const;
  // 1 to max.
  absl::StatusOr<size_t> Limit(size_t otherwise, size_t max) const;

 private:
  HttpPairs pairs_;
};

}  // namespace escalation
