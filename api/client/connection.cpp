// SPDX-License-Identifier: Apache-2.0
#include "api/client/connection.hpp"

#include <fmt/format.h>

namespace api {

absl::Status Connection::explain(const grpc::Status& status, std::string_view method,
                                 absl::Duration timeout, bool asked_to_stop) const {
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
        return explain_unavailable(status, method);
    }
    if (status.error_code() == grpc::StatusCode::CANCELLED && !asked_to_stop) {
        return absl::UnavailableError(
            fmt::format("the daemon at {} broke {} off: it may be stopping ({})", place_, method,
                        status.error_message()));
    }
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
        return absl::DeadlineExceededError(
            fmt::format("the daemon at {} did not finish {} within {}", place_, method,
                        absl::FormatDuration(timeout)));
    }
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace api
